/** Requirements of basic/index: messages, JSON Schema usage, general fields. */

import { pageOf, requirementsOf } from './requirement.ts'

export const basic = requirementsOf(pageOf('basic'), [
  [
    'basic.base-and-lifecycle',
    'MUST',
    '',
    'a server with nothing registered still initializes and answers ping',
  ],
  ['basic.follows-jsonrpc', 'MUST', 'messages', 'every message the server sends is a JSON-RPC 2.0 message'],
  [
    'basic.refuses-other-jsonrpc',
    'MUST',
    'messages',
    'a message whose jsonrpc member is absent or not "2.0" is refused with -32600',
  ],
  ['basic.own-request-id', 'MUST', 'requests', 'a request the server sends has a string or integer id'],
  [
    'basic.request-id-type',
    'MUST',
    'requests',
    'a request whose id is neither string nor integer is refused with -32600',
  ],
  [
    'basic.request-id-not-null',
    'MUST NOT',
    'requests',
    'a request with id null is refused, not taken for a notification',
  ],
  [
    'basic.own-request-ids-unique',
    'MUST NOT',
    'requests',
    'the server uses no request id twice within a session',
  ],
  [
    'basic.result-same-id',
    'MUST',
    'result-responses',
    'a result carries the id of its request, type and value unchanged',
  ],
  [
    'basic.result-member',
    'MUST',
    'result-responses',
    'a successful response has a result member, empty object included',
  ],
  [
    'basic.error-same-id',
    'MUST',
    'error-responses',
    'an error carries the id of its request whenever the id could be read',
  ],
  ['basic.error-code-and-message', 'MUST', 'error-responses', 'an error has a code and a message'],
  [
    'basic.error-code-integer',
    'MUST',
    'error-responses',
    'error codes are integers, also when a handler throws another code',
  ],
  [
    'basic.notification-unanswered',
    'MUST NOT',
    'notifications',
    'a notification gets no JSON-RPC response, not even for an unknown method',
  ],
  ['basic.own-notification-no-id', 'MUST NOT', 'notifications', 'a notification the server sends has no id'],
  ['basic.authorization', 'SHOULD', 'auth', 'an HTTP server follows the authorization framework'],
  [
    'basic.schema-2020-12-supported',
    'MUST',
    'schema-dialect',
    'a tool schema that names 2020-12 as its dialect is accepted and enforced',
  ],
  [
    'basic.schema-dialects-documented',
    'SHOULD',
    'schema-dialect',
    'the README names every dialect that is supported',
  ],
  [
    'basic.schema-2020-12-recommended',
    'SHOULD',
    'schema-dialect',
    'a schema that barewire writes itself is 2020-12',
  ],
  [
    'basic.schema-default-2020-12',
    'MUST',
    'implementation-requirements',
    'a schema without $schema is read as 2020-12',
  ],
  [
    'basic.schema-declared-dialect',
    'MUST',
    'implementation-requirements',
    'a schema that declares draft-07 is validated by the rules of draft-07',
  ],
  [
    'basic.schema-unsupported-dialect',
    'MUST',
    'implementation-requirements',
    'an unsupported dialect is refused with an error that names it',
  ],
  [
    'basic.schema-valid',
    'MUST',
    'schema-validation',
    'a schema that is not valid in its dialect is refused when it is registered',
  ],
  [
    'basic.meta-no-assumptions',
    'MUST NOT',
    'meta',
    'values under unknown _meta keys, reserved ones included, change nothing and do no harm',
  ],
  [
    'basic.meta-key-prefix',
    'MUST',
    'meta',
    'a prefix of a _meta key that barewire writes is labels joined by dots, then a slash',
  ],
  [
    'basic.meta-key-labels',
    'MUST',
    'meta',
    'labels of such a prefix begin with a letter and end with a letter or digit',
  ],
  ['basic.meta-key-reverse-dns', 'SHOULD', 'meta', 'such a prefix is in reverse DNS order'],
  [
    'basic.meta-key-name',
    'MUST',
    'meta',
    'the name of a _meta key that barewire writes begins and ends with a letter or digit',
  ],
  [
    'basic.icons-untrusted',
    'MUST',
    'icons',
    'icons that a client declares are data only: the server fetches none of them',
  ],
])
