/** Requirements of 2026-07-28: basic/patterns. */

import { because, pageOf, requirementsOf } from './requirement.ts'

const revision = '2026-07-28'
const resultInstead =
  'the subscriptions page asks for the result and the end of the stream instead; one of the two signals is enough'

export const statelessPatterns = [
  ...requirementsOf(pageOf('basic/patterns', revision), [
    ['stateless.never-asks', 'MUST NOT', '', 'the server sends no JSON-RPC request'],
  ]),
  ...requirementsOf(pageOf('basic/patterns/mrtr', revision), [
    ['stateless.input-by-result', 'MUST', '', 'questions to the client travel in input_required results'],
    [
      'stateless.input-methods',
      'MUST NOT',
      'supported-requests',
      'only tools/call, prompts/get and resources/read ask for input',
    ],
    [
      'stateless.input-keys',
      'MUST',
      'server-requirements-basic-workflow',
      'the keys of inputRequests are unique',
    ],
    [
      'stateless.input-kinds',
      'MUST',
      'server-requirements-basic-workflow',
      'only elicitation, sampling and roots can be asked for',
    ],
    [
      'stateless.state-untrusted',
      'MUST',
      'server-requirements-basic-workflow',
      'a requestState of any form is refused, never believed and never a crash',
    ],
    [
      'stateless.state-integrity',
      'MUST',
      'server-requirements-basic-workflow',
      'a requestState cannot be read or changed without its key',
    ],
    [
      'stateless.state-refused',
      'MUST',
      'server-requirements-basic-workflow',
      'a requestState that was changed is refused',
    ],
    [
      'stateless.state-principal',
      'SHOULD',
      'server-requirements-basic-workflow',
      'a requestState of another principal is refused',
    ],
    ['stateless.state-expiry', 'SHOULD', 'server-requirements-basic-workflow', 'a requestState expires'],
    [
      'stateless.state-request',
      'SHOULD',
      'server-requirements-basic-workflow',
      'a requestState of another method or of other parameters is refused',
    ],
    [
      'stateless.state-single-use',
      'MUST',
      'server-requirements-basic-workflow',
      'what may happen once only is guarded by the server, where the handler says so',
    ],
    [
      'stateless.input-not-empty',
      'MUST',
      'server-requirements-basic-workflow',
      'an input_required result has inputRequests or a requestState',
    ],
    [
      'stateless.input-declared',
      'MUST NOT',
      'server-requirements-basic-workflow',
      'nothing is asked for that the client did not declare',
    ],
    [
      'stateless.input-no-assumption',
      'MUST NOT',
      'server-requirements-basic-workflow',
      'nothing is kept for a retry that may never come',
    ],
    [
      'stateless.input-validated',
      'SHOULD',
      'error-handling',
      'answers are checked before a handler sees them',
    ],
    ['stateless.input-malformed', 'SHOULD', 'error-handling', 'inputResponses of a wrong type are an error'],
    ['stateless.input-extra', 'SHOULD', 'error-handling', 'answers that nobody asked for are ignored'],
    ['stateless.input-missing', 'SHOULD', 'error-handling', 'what was not answered is asked again'],
  ]),
  ...requirementsOf(pageOf('basic/patterns/subscriptions', revision), [
    ['stateless.listen-requested', 'MUST NOT', 'opening-a-stream', 'only what was asked for is sent'],
    ['stateless.listen-acknowledged', 'MUST', 'acknowledgment', 'the acknowledgment with the id comes first'],
    ['stateless.listen-not-before', 'MUST NOT', 'acknowledgment', 'no news comes before the acknowledgment'],
    ['stateless.listen-result', 'SHOULD', 'graceful-closure', 'a stream that the server ends has its result'],
  ]),
  ...requirementsOf(pageOf('basic/patterns/progress', revision), [
    ['stateless.progress-increases', 'MUST', 'progress-flow', 'progress only ever increases'],
    [
      'stateless.progress-message',
      'SHOULD',
      'progress-flow',
      'the message of a progress notification is for people',
      because.application,
    ],
    ['stateless.progress-token', 'MUST', 'behavior-requirements', 'progress has the token of its request'],
    ['stateless.progress-tracked', 'SHOULD', 'implementation-notes', 'without a token no progress is sent'],
    ['stateless.progress-rate', 'SHOULD', 'implementation-notes', 'progress is limited in its rate'],
    ['stateless.progress-stops', 'MUST', 'implementation-notes', 'no progress follows the result'],
  ]),
  ...requirementsOf(pageOf('basic/patterns/cancellation', revision), [
    [
      'stateless.cancelled-sent',
      'MUST',
      '',
      'notifications/cancelled is sent when a subscription is ended',
      resultInstead,
    ],
    ['stateless.cancelled-otherwise', 'MUST NOT', '', 'notifications/cancelled is sent for nothing else'],
    [
      'stateless.cancelled-references',
      'MUST',
      'behavior-requirements',
      'it names the listen request',
      resultInstead,
    ],
    [
      'stateless.cancelled-received',
      'SHOULD',
      'behavior-requirements',
      'notifications/cancelled stops its request',
      'over HTTP the closing of the connection is the only signal; an id alone cannot say whose request it is',
    ],
    [
      'stateless.cancel-races',
      'MUST',
      'timing-considerations',
      'a disconnect that crosses the answer is harmless',
    ],
    [
      'stateless.cancel-logged',
      'SHOULD',
      'implementation-notes',
      'the reason of an abort is available to be logged',
    ],
    [
      'stateless.cancel-invalid',
      'SHOULD',
      'error-handling',
      'a cancellation of anything is taken and ignored',
    ],
  ]),
]
