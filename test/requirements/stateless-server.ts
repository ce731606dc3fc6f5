/** Requirements of 2026-07-28: server/tools, server/resources, server/prompts. */

import { because, pageOf, requirementsOf } from './requirement.ts'

const revision = '2026-07-28'
const shownTooLate =
  'capabilities follow from what is registered; that a tool embeds resources shows only when it is called'

export const statelessServer = [
  ...requirementsOf(pageOf('server/tools', revision), [
    ['stateless.tools-capability', 'MUST', 'capabilities', 'a server with tools declares them'],
    ['stateless.tools-current', 'MUST', 'capabilities', 'the list is what the caller may call now'],
    ['stateless.tools-same', 'MUST NOT', 'capabilities', 'the list does not depend on the connection'],
    ['stateless.tools-order', 'SHOULD', 'capabilities', 'the order of the list does not change'],
    [
      'stateless.tools-changed',
      'SHOULD',
      'list-changed-notification',
      'a change is told to who asked for it',
    ],
    ['stateless.tools-schema', 'MUST', 'tool', 'the input schema of a tool is an object'],
    ['stateless.tools-name-length', 'SHOULD', 'tool-names', 'a name has 1 to 128 characters'],
    ['stateless.tools-name-case', 'SHOULD', 'tool-names', 'names that differ in case are two tools'],
    ['stateless.tools-name-characters', 'SHOULD', 'tool-names', 'letters, digits, _, - and . are allowed'],
    ['stateless.tools-name-special', 'SHOULD NOT', 'tool-names', 'other characters are warned of'],
    ['stateless.tools-name-unique', 'SHOULD', 'tool-names', 'a second tool of the same name is refused'],
    [
      'stateless.tools-sensitive-headers',
      'SHOULD NOT',
      'x-mcp-header',
      'secrets are not annotated',
      because.application,
    ],
    [
      'stateless.tools-embedded',
      'SHOULD',
      'embedded-resources',
      'tools that embed resources come with the resources capability',
      shownTooLate,
    ],
    ['stateless.tools-text', 'SHOULD', 'structured-content', 'structured content is there as text too'],
    ['stateless.tools-output', 'MUST', 'output-schema', 'what does not fit the output schema is not sent'],
    ['stateless.tools-input', 'MUST', 'security-considerations', 'arguments are checked against the schema'],
    ['stateless.tools-access', 'MUST', 'security-considerations', 'a tool can be withheld from a caller'],
    ['stateless.tools-rate', 'MUST', 'security-considerations', 'calls are limited in rate'],
    ['stateless.tools-sanitized', 'MUST', 'security-considerations', 'what a handler throws is not sent'],
  ]),
  ...requirementsOf(pageOf('server/resources', revision), [
    ['stateless.resources-capability', 'MUST', 'capabilities', 'a server with resources declares them'],
    ['stateless.resources-current', 'MUST', 'capabilities', 'the list is what the caller may read now'],
    ['stateless.resources-same', 'MUST NOT', 'capabilities', 'the list does not depend on the connection'],
    [
      'stateless.resources-changed',
      'SHOULD',
      'list-changed-notification',
      'a change is told to who asked for it',
    ],
    [
      'stateless.resources-https',
      'SHOULD',
      'https',
      'https URIs are for what clients can fetch themselves',
      because.application,
    ],
    ['stateless.resources-uri-form', 'MUST', 'custom-uri-schemes', 'a URI that breaks RFC 3986 is refused'],
    ['stateless.resources-not-found', 'MUST', 'error-handling', 'an unknown resource is -32602'],
    ['stateless.resources-internal', 'SHOULD', 'error-handling', 'a handler that throws is -32603'],
    ['stateless.resources-not-empty', 'MUST NOT', 'error-handling', 'an unknown resource has no contents'],
    ['stateless.resources-uri', 'MUST', 'security-considerations', 'only URIs that were registered are read'],
    ['stateless.resources-access', 'SHOULD', 'security-considerations', 'a resource can be withheld'],
    ['stateless.resources-binary', 'MUST', 'security-considerations', 'bytes are sent in base64'],
    [
      'stateless.resources-permissions',
      'SHOULD',
      'security-considerations',
      'permission is asked for on every read and before every update',
    ],
    [
      'stateless.resources-paths',
      'MUST',
      'security-considerations',
      'file paths are kept inside of their root',
      because.application,
    ],
  ]),
  ...requirementsOf(pageOf('server/prompts', revision), [
    ['stateless.prompts-capability', 'MUST', 'capabilities', 'a server with prompts declares them'],
    ['stateless.prompts-current', 'MUST', 'capabilities', 'the list is what the caller may get now'],
    ['stateless.prompts-same', 'MUST NOT', 'capabilities', 'the list does not depend on the connection'],
    [
      'stateless.prompts-changed',
      'SHOULD',
      'list-changed-notification',
      'a change is told to who asked for it',
    ],
    ['stateless.prompts-image', 'MUST', 'image-content', 'an image without base64 data is not sent'],
    ['stateless.prompts-audio', 'MUST', 'audio-content', 'audio without base64 data is not sent'],
    ['stateless.prompts-embedded', 'MUST', 'embedded-resources', 'an embedded resource has uri and content'],
    [
      'stateless.prompts-errors',
      'SHOULD',
      'error-handling',
      'a wrong name or argument is -32602, a throw -32603',
    ],
    ['stateless.prompts-arguments', 'SHOULD', 'implementation-considerations', 'arguments are checked'],
    [
      'stateless.prompts-negotiation',
      'SHOULD',
      'implementation-considerations',
      'without prompts there is no prompts capability',
    ],
    ['stateless.prompts-validated', 'MUST', 'security', 'arguments and messages are checked'],
  ]),
]
