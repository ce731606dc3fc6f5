/** The process that makes the load: its operations, called by the parts of the benchmark. */

import { answerCalls } from '../lib/remote.ts'
import { loadRequests } from './requests.ts'
import { callEach, createSessions, deleteSessions, forgetSessions, sessionIds } from './sessions.ts'

answerCalls({
  loadRequests,
  createSessions,
  callEach,
  deleteSessions,
  forgetSessions,
  sessionIds: ({ group }: { readonly group: string }) => sessionIds(group),
})
process.send?.({})
