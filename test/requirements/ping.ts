/** Requirements of basic/utilities/ping. */

import { because, pageOf, requirementsOf } from './requirement.ts'

export const ping = requirementsOf(pageOf('basic/utilities/ping'), [
  [
    'ping.answered',
    'MUST',
    'behavior-requirements',
    'ping is answered at once with an empty result, also while calls are running',
  ],
  ['ping.periodic', 'SHOULD', 'implementation-considerations', 'pings are sent periodically', because.noPing],
  [
    'ping.frequency-configurable',
    'SHOULD',
    'implementation-considerations',
    'the frequency of pings can be set',
    because.noPing,
  ],
  [
    'ping.timeouts-appropriate',
    'SHOULD',
    'implementation-considerations',
    'the time limit of a ping suits the network',
    because.noPing,
  ],
  [
    'ping.not-excessive',
    'SHOULD',
    'implementation-considerations',
    'an idle session is sent no ping requests',
  ],
  [
    'ping.timeout-is-failure',
    'SHOULD',
    'error-handling',
    'an unanswered ping counts as a failed connection',
    because.noPing,
  ],
  ['ping.failures-logged', 'SHOULD', 'error-handling', 'failed pings are logged', because.noPing],
])
