/** Requirements of JSON-RPC 2.0, which basic/index makes binding, beyond what that page repeats. */

import { requirementsOf } from './requirement.ts'

export const jsonrpc = requirementsOf('https://www.jsonrpc.org/specification', [
  [
    'jsonrpc.member-names-case-sensitive',
    'SHOULD',
    'conventions',
    'member names are matched by case: "Method" is not "method"',
  ],
  [
    'jsonrpc.method-string',
    'MUST',
    'request_object',
    'a request whose method is not a string is refused with -32600',
  ],
  ['jsonrpc.params-structured', 'MUST', 'parameter_structures', 'params that are not an object are refused'],
  ['jsonrpc.result-xor-error', 'MUST NOT', 'response_object', 'no response has both result and error'],
  ['jsonrpc.parse-error', 'MUST', 'error_object', 'a body that is not JSON is answered with -32700'],
  [
    'jsonrpc.invalid-request',
    'MUST',
    'error_object',
    'JSON that is not a request object is answered with -32600',
  ],
  ['jsonrpc.method-not-found', 'MUST', 'error_object', 'an unknown method is answered with -32601'],
  [
    'jsonrpc.invalid-params',
    'MUST',
    'error_object',
    'params that do not fit the method are answered with -32602',
  ],
  ['jsonrpc.internal-error', 'MUST', 'error_object', 'an unforeseen failure is answered with -32603'],
  [
    'jsonrpc.batch-empty',
    'MUST',
    'batch',
    'an empty batch is answered with one -32600 error, not with an array',
  ],
  [
    'jsonrpc.batch-invalid-members',
    'MUST',
    'batch',
    'each member of a batch that is not a request gets its own -32600 error',
  ],
  [
    'jsonrpc.batch-notifications-only',
    'MUST NOT',
    'batch',
    'a batch of notifications only is not answered with an empty array',
  ],
])
