/** The process that makes the load: its operations, called by the parts of the benchmark. */

import { answerCalls } from '../lib/remote.ts'
import { loadMix } from './mix.ts'
import { loadRequests } from './requests.ts'
import { prepareResume, resume } from './resume.ts'
import { callEach, createSessions, deleteSessions, forgetSessions } from './sessions.ts'
import {
  armStreams,
  awaitStreams,
  closeStreams,
  countStreams,
  openSlowReaders,
  openStreams,
  streamCalls,
} from './streams.ts'

answerCalls({
  loadRequests,
  loadMix,
  createSessions,
  callEach,
  deleteSessions,
  forgetSessions,
  openStreams,
  armStreams,
  awaitStreams,
  countStreams,
  closeStreams,
  streamCalls,
  openSlowReaders,
  prepareResume,
  resume,
})
process.send?.({})
