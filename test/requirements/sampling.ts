/** Requirements of client/sampling on a server that asks for it. */

import { pageOf, requirementsOf } from './requirement.ts'

const handlersLoop =
  'each sampling request is one call of the handler: the loop around it, and its limit, are the handler’s'

export const sampling = requirementsOf(pageOf('client/sampling'), [
  [
    'sampling.tools-declared',
    'MUST NOT',
    'tools-in-sampling',
    'a request with tools is not sent to a client without sampling.tools',
  ],
  [
    'sampling.context-avoided',
    'SHOULD',
    'capabilities',
    'includeContext is left out unless the handler asks for it',
  ],
  [
    'sampling.context-declared',
    'SHOULD NOT',
    'capabilities',
    'thisServer and allServers are not sent to a client without sampling.context',
  ],
  [
    'sampling.tool-results-alone',
    'MUST',
    'tool-result-messages',
    'a message that mixes tool results with other content is not sent',
  ],
  [
    'sampling.tool-use-balanced',
    'MUST',
    'tool-use-and-result-balance',
    'messages in which a tool use has no result right after it are not sent',
  ],
  [
    'sampling.content-validated',
    'SHOULD',
    'security-considerations',
    'an answer of a wrong shape rejects in the handler',
  ],
  [
    'sampling.sensitive-data',
    'MUST',
    'security-considerations',
    'a sampling request and its answer are seen by their own session only',
  ],
  [
    'sampling.tool-use-answered',
    'MUST',
    'security-considerations',
    'each tool use is answered by a result with its id, and by nothing else',
  ],
  ['sampling.iteration-limit', 'SHOULD', 'security-considerations', 'tool loops have a limit', handlersLoop],
])
