/** Requirements of server/utilities/completion. */

import { because, pageOf, requirementsOf } from './requirement.ts'

export const completion = requirementsOf(pageOf('server/utilities/completion'), [
  [
    'completion.capability',
    'MUST',
    'capabilities',
    'a server with completers declares the completions capability',
  ],
  [
    'completion.max-100',
    'MUST NOT',
    'completion-results',
    'no more than 100 values are sent; hasMore tells of the rest',
  ],
  ['completion.method-not-found', 'SHOULD', 'error-handling', 'a server without completers answers -32601'],
  [
    'completion.unknown-name',
    'SHOULD',
    'error-handling',
    'completing for an unknown prompt or template is answered with -32602',
  ],
  [
    'completion.missing-arguments',
    'SHOULD',
    'error-handling',
    'a request without its argument is answered with -32602',
  ],
  [
    'completion.internal-error',
    'SHOULD',
    'error-handling',
    'a failure of a completer is answered with -32603',
  ],
  [
    'completion.sorted',
    'SHOULD',
    'implementation-considerations',
    'values keep the order of relevance that the completer gave',
  ],
  [
    'completion.fuzzy',
    'SHOULD',
    'implementation-considerations',
    'matching is fuzzy where that is appropriate',
    because.application,
  ],
  [
    'completion.rate-limited',
    'SHOULD',
    'implementation-considerations',
    'completion requests count among the requests whose rate is limited, and among those in flight',
  ],
  [
    'completion.inputs-checked',
    'SHOULD',
    'implementation-considerations',
    'the reference, the argument and the context are checked for shape',
  ],
  ['completion.inputs-validated', 'MUST', 'security', 'a malformed request never reaches a completer'],
  [
    'completion.rate-limiting',
    'MUST',
    'security',
    'a caller that sends completion requests too often is refused with 429',
  ],
  [
    'completion.access-control',
    'MUST',
    'security',
    'a completer runs with the context of its caller, so that it can withhold values',
  ],
  [
    'completion.no-disclosure',
    'MUST',
    'security',
    'a withheld prompt or template completes exactly as an unknown one',
  ],
])
