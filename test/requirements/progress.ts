/** Requirements of basic/utilities/progress. */

import { pageOf, requirementsOf } from './requirement.ts'

export const progress = requirementsOf(pageOf('basic/utilities/progress'), [
  [
    'progress.token-type',
    'MUST',
    'progress-flow',
    'a string or integer token comes back unchanged, and any other gets no progress',
  ],
  [
    'progress.own-token-unique',
    'MUST',
    'progress-flow',
    'requests of the server never share a progress token',
  ],
  [
    'progress.value-increases',
    'MUST',
    'progress-flow',
    'the progress value grows with each notification, whatever the handler reports',
  ],
  ['progress.message', 'SHOULD', 'progress-flow', 'the message that a handler gives is passed on'],
  [
    'progress.known-token-only',
    'MUST',
    'behavior-requirements',
    'a request without a token gets no progress notification',
  ],
  [
    'progress.in-progress-only',
    'MUST',
    'behavior-requirements',
    'a token is used only on behalf of the request that brought it, while that runs',
  ],
  [
    'progress.task-lifetime',
    'MUST',
    'behavior-requirements',
    'the token of a task stays valid until the task ends',
  ],
  [
    'progress.task-same-token',
    'MUST',
    'behavior-requirements',
    'progress of a task uses the token of its request',
  ],
  ['progress.task-stops', 'MUST', 'behavior-requirements', 'progress of a task stops when it is terminal'],
  [
    'progress.tokens-tracked',
    'SHOULD',
    'implementation-notes',
    'two calls with one token each get their own progress on their own stream',
  ],
  [
    'progress.rate-limited',
    'SHOULD',
    'implementation-notes',
    'of the progress of a call above its rate the latest value is sent',
  ],
  [
    'progress.stops-after-completion',
    'MUST',
    'implementation-notes',
    'progress reported after the result is not sent',
  ],
])
