/** Requirements of basic/utilities/cancellation. */

import { pageOf, requirementsOf } from './requirement.ts'

export const cancellation = requirementsOf(pageOf('basic/utilities/cancellation'), [
  [
    'cancellation.own-requests-only',
    'MUST',
    'behavior-requirements',
    'the server cancels only requests that it sent itself',
  ],
  [
    'cancellation.in-progress-only',
    'MUST',
    'behavior-requirements',
    'the server sends no cancellation for a request that was answered',
  ],
  ['cancellation.tasks', 'MUST', 'behavior-requirements', 'tasks are cancelled by tasks/cancel'],
  [
    'cancellation.stops-processing',
    'SHOULD',
    'behavior-requirements',
    'cancelling a call aborts the signal of its handler',
  ],
  [
    'cancellation.frees-resources',
    'SHOULD',
    'behavior-requirements',
    'a cancelled call leaves nothing in flight, and its stream is ended',
  ],
  [
    'cancellation.no-response',
    'SHOULD',
    'behavior-requirements',
    'no response is sent for a cancelled request, whatever its handler returns',
  ],
  [
    'cancellation.late-response-ignored',
    'SHOULD',
    'behavior-requirements',
    'an answer to a request that the server cancelled is accepted and ignored',
  ],
  [
    'cancellation.races',
    'MUST',
    'timing-considerations',
    'a cancellation that crosses the response does no harm',
  ],
  [
    'cancellation.reason-logged',
    'SHOULD',
    'implementation-notes',
    'the reason of a cancellation is available to be logged',
  ],
  [
    'cancellation.unknown-id-ignored',
    'SHOULD',
    'error-handling',
    'a cancellation of an unknown id is ignored',
  ],
  [
    'cancellation.completed-id-ignored',
    'SHOULD',
    'error-handling',
    'a cancellation of a completed request is ignored',
  ],
  ['cancellation.malformed-ignored', 'SHOULD', 'error-handling', 'a malformed cancellation is ignored'],
])
