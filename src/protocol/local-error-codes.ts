/**
 * Every string code of a local error (`McpError`, `SchemaError`), in one table: what the code says. Rendered into the
 * reference; no code reads it.
 *
 * Not here: the number codes that go on the wire (error-codes.ts).
 */

/** What a local error says to programs; the reference has a sentence for each. */
export type McpErrorCode =
  | 'ERR_CANCELLED'
  | 'ERR_CLIENT_ANSWER'
  | 'ERR_CLIENT_CAPABILITY'
  | 'ERR_CLIENT_CLOSED'
  | 'ERR_CLIENT_GONE'
  | 'ERR_CONNECTION'
  | 'ERR_DUPLICATE_ID'
  | 'ERR_DUPLICATE_KEY'
  | 'ERR_HTTP_STATUS'
  | 'ERR_INPUT_REQUIRED'
  | 'ERR_INVALID_ANSWER'
  | 'ERR_INVALID_RESPONSE'
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_NO_CLIENT_CHANNEL'
  | 'ERR_NOT_SERIALISABLE'
  | 'ERR_NOT_SUPPORTED'
  | 'ERR_OUTPUT_SCHEMA'
  | 'ERR_REDIRECT'
  | 'ERR_REQUEST_ABORTED'
  | 'ERR_REQUEST_TIMEOUT'
  | 'ERR_RESULT'
  | 'ERR_SCHEMA'
  | 'ERR_SERVER_CLOSED'
  | 'ERR_SESSION_CLOSED'
  | 'ERR_STATE_TOO_LARGE'
  | 'ERR_STREAM_CUT'
  | 'ERR_TASK_CANCELLED'
  | 'ERR_TASK_EXPIRED'
  | 'ERR_TASK_OVER'
  | 'ERR_TASK_TOO_LARGE'
  | 'ERR_TOO_MANY_REQUESTS'
  | 'ERR_TOO_MANY_ROUNDS'
  | 'ERR_TOO_MANY_TASKS'
  | 'ERR_TOOL_TIMEOUT'
  | 'ERR_UNSUPPORTED_VERSION'

export const LOCAL_ERRORS: Readonly<Record<McpErrorCode, string>> = {
  ERR_CANCELLED: 'reason of `ctx.signal`: the client cancelled the request',
  ERR_CLIENT_ANSWER: 'the client answered a question with an error, which is the `cause`',
  ERR_CLIENT_CAPABILITY:
    '`MissingCapabilityError`: the client did not declare what is asked of it; nothing was sent',
  ERR_CLIENT_CLOSED: 'the client was closed, by `close` or `await using`',
  ERR_CLIENT_GONE:
    'reason of `ctx.signal`: the connection of the call was closed, for longer than `disconnectGraceMs` where it can be resumed',
  ERR_CONNECTION:
    'no answer came from the server at all: refused, unknown host, broken connection; the `cause` says more',
  ERR_DUPLICATE_ID: 'a request to the client has the id of one that waits; barewire gives each its own',
  ERR_DUPLICATE_KEY: 'two questions of one call have the same key',
  ERR_HTTP_STATUS:
    'the server answered with an HTTP status that is no success, and no error of the protocol; `statusOf` gives it',
  ERR_INPUT_REQUIRED:
    'the client was asked with an `input_required` result: this run of the handler is over, another begins with the answer',
  ERR_INVALID_ANSWER:
    "the client's answer to a question does not have the form that it must have; in a client: it was not sent",
  ERR_INVALID_RESPONSE: 'what the server sent is not JSON, no message, or not the answer to what was asked',
  ERR_MESSAGE_TOO_LARGE: 'a message of the server has more bytes than `maxMessageBytes`',
  ERR_NO_CLIENT_CHANNEL:
    'the client cannot be asked during this call: no session, or no event stream accepted',
  ERR_NOT_SERIALISABLE: 'to `onError`: a result, a notification or a request cannot be written as JSON',
  ERR_NOT_SUPPORTED: 'the server does not offer what is asked of it; nothing was sent',
  ERR_OUTPUT_SCHEMA: 'to `onError`: what a tool returned does not fit its `outputSchema`',
  ERR_REDIRECT:
    'the server redirects in a way that is not followed: to another origin, too often, or with a status that loses the message',
  ERR_REQUEST_ABORTED: 'a question was given up, or not sent, because its call is over or its client is gone',
  ERR_REQUEST_TIMEOUT:
    'the client did not answer a question within `requestTimeoutMs`, `elicitTimeoutMs` or `timeoutMs`',
  ERR_RESULT:
    'to `onError`: a handler, callback or middleware gave something of a wrong shape; the message says where',
  ERR_SCHEMA: '`SchemaError`: a JSON Schema cannot be used; `pointer` says where',
  ERR_SERVER_CLOSED: 'reason of `ctx.signal` of a task: the server is shutting down',
  ERR_SESSION_CLOSED: 'reason of `ctx.signal`: the session ended (deleted, expired, evicted, shutdown)',
  ERR_STATE_TOO_LARGE: 'what a waiting call must remember takes more than `requestState.maxLength`',
  ERR_STREAM_CUT:
    'the stream of a call was cut before its answer and could not be taken up again: it is not known whether the server has done it',
  ERR_TASK_CANCELLED: 'reason of `ctx.signal`: the client cancelled the task',
  ERR_TASK_EXPIRED: 'reason of `ctx.signal`: the task did not finish within its `ttlMs`',
  ERR_TASK_OVER: 'a question was asked, or not answered yet, when its task ended',
  ERR_TASK_TOO_LARGE: 'the result of a task alone takes more than `tasks.maxBytes`',
  ERR_TOO_MANY_REQUESTS: 'as many questions as may wait for one session wait already',
  ERR_TOO_MANY_ROUNDS: 'a handler returned `inputRequired` again and again',
  ERR_TOO_MANY_TASKS: 'thrown by a `TaskStore`: there is no room; the client gets -32000 with its message',
  ERR_TOOL_TIMEOUT: 'reason of `ctx.signal`: the tool took longer than its `timeoutMs`',
  ERR_UNSUPPORTED_VERSION:
    'client and server know no revision of the protocol in common, or not the one of the option `revision`',
}
