/** Requirements of server/tools, and of the comment on its result in the schema. */

import { pageOf, requirementsOf } from './requirement.ts'

const shownTooLate =
  'capabilities follow from what is registered; that a tool embeds resources shows only when it is called'

export const tools = [
  ...requirementsOf(pageOf('server/tools'), [
    ['tools.capability', 'MUST', 'capabilities', 'a server with tools declares the tools capability'],
    [
      'tools.list-changed',
      'SHOULD',
      'list-changed-notification',
      'a change of the tool list is notified to sessions that were told so',
    ],
    [
      'tools.input-schema-object',
      'MUST',
      'tool',
      'every listed tool has an input schema that is an object; null is refused',
    ],
    [
      'tools.no-parameters-schema',
      'SHOULD',
      'tool',
      'a tool registered without parameters is listed with a schema of type object',
    ],
    ['tools.name-length', 'SHOULD', 'tool-names', 'a tool name is 1 to 128 characters long'],
    ['tools.name-case-sensitive', 'SHOULD', 'tool-names', 'names that differ in case are different tools'],
    [
      'tools.name-characters',
      'SHOULD',
      'tool-names',
      'letters, digits, underscore, hyphen and dot are allowed in a tool name',
    ],
    [
      'tools.name-no-special',
      'SHOULD NOT',
      'tool-names',
      'a tool name with a space, comma or other character is reported to the developer',
    ],
    [
      'tools.name-unique',
      'SHOULD',
      'tool-names',
      'a second tool of the same name is refused when it is registered',
    ],
    [
      'tools.embedded-resources-capability',
      'SHOULD',
      'embedded-resources',
      'a server whose tools embed resources has the resources capability',
      shownTooLate,
    ],
    [
      'tools.structured-text-mirror',
      'SHOULD',
      'structured-content',
      'structured content is mirrored as serialized JSON in a text block',
    ],
    [
      'tools.structured-conforms',
      'MUST',
      'output-schema',
      'structured content that does not fit the output schema is not sent',
    ],
    [
      'tools.validates-inputs',
      'MUST',
      'security-considerations',
      'arguments that do not fit the input schema never reach the handler',
    ],
    [
      'tools.access-control',
      'MUST',
      'security-considerations',
      'a tool can be withheld from a caller, who can neither list nor call it',
    ],
    [
      'tools.rate-limited',
      'MUST',
      'security-considerations',
      'the calls of one caller, and of one tool where it says so, are limited in rate: more are refused with 429',
    ],
    [
      'tools.sanitizes-outputs',
      'MUST',
      'security-considerations',
      'an unexpected throw reaches the client as a generic text, without its message and stack',
    ],
  ]),
  ...requirementsOf(pageOf('schema'), [
    [
      'tools.errors-in-result',
      'SHOULD',
      'calltoolresult',
      'a failure inside a tool is a result with isError, not a JSON-RPC error',
    ],
  ]),
]
