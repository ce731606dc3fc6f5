/**
 * The wire-level test client, in one import: raw sockets, plain HTTP requests, SSE streams, and a whole session.
 * All of it talks to real sockets, and every JSON-RPC message that passes is held against the schema of its
 * revision (schema-check.ts).
 */

export { type Check, Conversation, type OwnRequest, type WireJson } from './conversation.ts'
export {
  bodiless,
  del,
  get,
  type HttpReply,
  options,
  post,
  postHeaders,
  type RequestHeaders,
  type SendOptions,
} from './http-client.ts'
export { type Part, type RawOptions, type RawResponse, RawSocket, raw } from './raw-socket.ts'
export { type SseEvent, SseParser } from './sse-parser.ts'
export { type OpenSseOptions, openSse, SseStream, type StreamEnd } from './sse-stream.ts'
export {
  ErrorAnswer,
  type OnRequest,
  type RequestOptions,
  type RequestReply,
  TestSession,
  type TestSessionOptions,
} from './test-session.ts'
export { waitLimitMs, within } from './within.ts'
