/** Requirements of 2026-07-28: server/utilities. */

import { because, pageOf, requirementsOf } from './requirement.ts'

const revision = '2026-07-28'
const stillUsed = 'session-era clients use it and one definition serves both eras; it is off unless asked for'

export const statelessUtilities = [
  ...requirementsOf(pageOf('server/utilities/caching', revision), [
    ['stateless.ttl', 'MUST', 'time-to-live-ttl-field', 'ttlMs is never negative'],
    ['stateless.one-scope', 'MUST', 'interaction-with-pagination', 'all pages of a list have one cacheScope'],
    [
      'stateless.public-shared',
      'MUST',
      'security-considerations',
      'what not everybody may see is private, whatever the options say',
    ],
    ['stateless.cache-access', 'MUST', 'security-considerations', 'access is decided on every request'],
    ['stateless.cache-no-reliance', 'MUST NOT', 'security-considerations', 'a public scope opens nothing'],
  ]),
  ...requirementsOf(pageOf('server/utilities/completion', revision), [
    ['stateless.completion-capability', 'MUST', 'capabilities', 'a server that completes declares it'],
    ['stateless.completion-errors', 'SHOULD', 'error-handling', 'wrong requests are -32602, a throw -32603'],
    [
      'stateless.completion-method',
      'SHOULD',
      'error-handling',
      'a server that completes nothing answers -32601',
    ],
    [
      'stateless.completion-sorted',
      'SHOULD',
      'implementation-considerations',
      'suggestions are sorted by relevance',
      because.application,
    ],
    [
      'stateless.completion-fuzzy',
      'SHOULD',
      'implementation-considerations',
      'suggestions match loosely',
      because.application,
    ],
    ['stateless.completion-rate', 'SHOULD', 'implementation-considerations', 'requests are limited in rate'],
    ['stateless.completion-inputs', 'SHOULD', 'implementation-considerations', 'all inputs are checked'],
    ['stateless.completion-validated', 'MUST', 'security', 'inputs of a wrong type are refused'],
    ['stateless.completion-limited', 'MUST', 'security', 'requests are limited in rate'],
    ['stateless.completion-access', 'MUST', 'security', 'what is withheld is not completed'],
    ['stateless.completion-disclosure', 'MUST', 'security', 'and fails as if it did not exist'],
  ]),
  ...requirementsOf(pageOf('server/utilities/logging', revision), [
    ['stateless.logging-adopted', 'SHOULD NOT', '', 'new servers do not log to clients', stillUsed],
    ['stateless.logging-capability', 'MUST', 'capabilities', 'a server that logs declares it'],
    ['stateless.logging-asked', 'MUST NOT', 'per-request-log-level', 'without a logLevel nothing is logged'],
    [
      'stateless.logging-stream',
      'MUST NOT',
      'per-request-log-level',
      'a message goes to its own request only',
    ],
    ['stateless.logging-level', 'SHOULD', 'error-handling', 'an unknown level is -32602'],
    ['stateless.logging-rate', 'SHOULD', 'implementation-considerations', 'messages are limited'],
    [
      'stateless.logging-content',
      'SHOULD',
      'implementation-considerations',
      'messages have context, consistent names and nothing sensitive',
      because.application,
    ],
    ['stateless.logging-secrets', 'MUST NOT', 'security', 'messages have no secrets', because.application],
    [
      'stateless.logging-fields',
      'SHOULD',
      'security',
      'a message that is not JSON does not leave the server',
    ],
  ]),
  ...requirementsOf(pageOf('server/utilities/pagination', revision), [
    [
      'stateless.cursors-stable',
      'SHOULD',
      'implementation-guidelines',
      'cursors stay good when lists change',
    ],
    ['stateless.cursors-graceful', 'SHOULD', 'implementation-guidelines', 'a wrong cursor is an error only'],
    ['stateless.cursors-invalid', 'SHOULD', 'error-handling', 'a wrong cursor is -32602'],
  ]),
]
