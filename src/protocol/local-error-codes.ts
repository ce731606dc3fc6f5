/**
 * Every string code of a local error (`McpError`, `SchemaError`), in one table with its meaning. Rendered into the
 * reference; no code reads it.
 *
 * Not here: the number codes that go on the wire (error-codes.ts).
 */

/** The `code` of a local error, for programs; the reference has a sentence for each. */
export type McpErrorCode =
  | 'ERR_AUTH_CLIENT'
  | 'ERR_AUTH_DENIED'
  | 'ERR_AUTH_DISCOVERY'
  | 'ERR_AUTH_NETWORK'
  | 'ERR_AUTH_PENDING'
  | 'ERR_AUTH_REJECTED'
  | 'ERR_AUTH_RESPONSE'
  | 'ERR_AUTH_SCOPE'
  | 'ERR_AUTH_TOKEN'
  | 'ERR_AUTH_UNSUPPORTED'
  | 'ERR_AUTH_URL'
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
  | 'ERR_NOT_SERIALISABLE'
  | 'ERR_NOT_SUPPORTED'
  | 'ERR_NO_CLIENT_CHANNEL'
  | 'ERR_OUTPUT_SCHEMA'
  | 'ERR_REDIRECT'
  | 'ERR_REQUEST_ABORTED'
  | 'ERR_REQUEST_TIMEOUT'
  | 'ERR_RESULT'
  | 'ERR_SCHEMA'
  | 'ERR_SERVER_CLOSED'
  | 'ERR_SESSION_CLOSED'
  | 'ERR_STATE_TOO_LARGE'
  | 'ERR_STORE_DATA'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STREAM_CUT'
  | 'ERR_TASK_CANCELLED'
  | 'ERR_TASK_EXPIRED'
  | 'ERR_TASK_OVER'
  | 'ERR_TASK_TOO_LARGE'
  | 'ERR_TOOL_TIMEOUT'
  | 'ERR_TOO_MANY_REQUESTS'
  | 'ERR_TOO_MANY_ROUNDS'
  | 'ERR_TOO_MANY_TASKS'
  | 'ERR_UNSUPPORTED_VERSION'

export const LOCAL_ERRORS: Readonly<Record<McpErrorCode, string>> = {
  ERR_AUTH_CLIENT:
    'the client cannot be known to the authorization server: no client id, a registration that was refused, or no way to authenticate',
  ERR_AUTH_DENIED: 'the authorization server answered the login with an error, such as `access_denied`',
  ERR_AUTH_DISCOVERY:
    'the authorization server of an MCP server cannot be found, or what its metadata says does not fit',
  ERR_AUTH_NETWORK:
    'no usable answer from an authorization server or for metadata: not reached, too late, too large, redirected',
  ERR_AUTH_PENDING: 'the user was sent to the login and the page is left: `finishAuthorization` takes it up',
  ERR_AUTH_REJECTED: 'the MCP server does not take the token that was just issued for it',
  ERR_AUTH_RESPONSE: 'the answer to a login is not usable: another `state` or `iss`, no code, or too late',
  ERR_AUTH_SCOPE: 'the MCP server wants scopes that the token has already, or that were not granted',
  ERR_AUTH_TOKEN:
    'the token endpoint refused, or answered something else than a token; or what the function `auth` gave is none',
  ERR_AUTH_UNSUPPORTED: 'the authorization server lacks what is required, such as PKCE with S256',
  ERR_AUTH_URL:
    'a URL that credentials or metadata requests may not go to: not https, or an address that is not allowed',
  ERR_CANCELLED: 'reason of `ctx.signal`: the client cancelled the request',
  ERR_CLIENT_ANSWER: 'the client responded to an input request with an error, which is the `cause`',
  ERR_CLIENT_CAPABILITY:
    '`MissingCapabilityError`: the client did not declare what is asked of it; nothing was sent',
  ERR_CLIENT_CLOSED: 'the client was closed, by `close` or `await using`',
  ERR_CLIENT_GONE:
    'reason of `ctx.signal`: the connection of the call was closed, for longer than `disconnectGraceMs` where it can be resumed',
  ERR_CONNECTION:
    'no answer came from the server at all: refused, unknown host, broken connection; the `cause` says more',
  ERR_DUPLICATE_ID: 'a request to the client has the id of a pending one; barewire gives each its own',
  ERR_DUPLICATE_KEY: 'two input requests of one call have the same key',
  ERR_HTTP_STATUS:
    'the server answered with an HTTP status that is no success, and no error of the protocol; `statusOf` gives it',
  ERR_INPUT_REQUIRED:
    'the client was asked with an `input_required` result: this run of the handler is abandoned, and the handler runs again with the response',
  ERR_INVALID_ANSWER:
    "the client's response to an input request does not have the required form; in a client: it was not sent",
  ERR_INVALID_RESPONSE: 'what the server sent is not JSON, no message, or not the answer to what was asked',
  ERR_MESSAGE_TOO_LARGE: 'a message of the server has more bytes than `maxMessageBytes`',
  ERR_NOT_SERIALISABLE: 'to `onError`: a result, a notification or a request cannot be written as JSON',
  ERR_NOT_SUPPORTED: 'the server does not offer what is asked of it; nothing was sent',
  ERR_NO_CLIENT_CHANNEL:
    'the client cannot be asked during this call: no session, or no event stream accepted',
  ERR_OUTPUT_SCHEMA:
    'to `onError`: what a tool returned does not fit its `outputSchema`; in a client: thrown',
  ERR_REDIRECT:
    'the server redirects in a way that is not followed: to another origin, too often, or with a status that loses the message',
  ERR_REQUEST_ABORTED:
    'an input request was aborted, or not sent, because its call has ended or its client has disconnected; in a client: the signal of a request aborted, and is the `cause`',
  ERR_REQUEST_TIMEOUT:
    'the client did not respond to an input request within `requestTimeoutMs`, `elicitTimeoutMs` or `timeoutMs`; in a client: the server did not answer within `timeoutMs` or `maxTimeoutMs`',
  ERR_RESULT:
    'to `onError`: a handler, callback or middleware returned a value of a wrong shape; the message says where',
  ERR_SCHEMA: '`SchemaError`: a JSON Schema cannot be used; `pointer` says where',
  ERR_SERVER_CLOSED: 'reason of `ctx.signal` of a task: the server is shutting down',
  ERR_SESSION_CLOSED: 'reason of `ctx.signal`: the session ended (deleted, expired, evicted, shutdown)',
  ERR_STATE_TOO_LARGE: 'the sealed state of a call would be longer than `requestState.maxLength`',
  ERR_STORE_DATA:
    'to `onError`: what the store has under a key of this library is damaged or of another application',
  ERR_STORE_UNAVAILABLE:
    'the store that processes share could not be reached in time, or too much waits for it',
  ERR_STREAM_CUT:
    'the stream of a call was cut before its answer and could not be taken up again: it is not known whether the server has done it',
  ERR_TASK_CANCELLED:
    'reason of `ctx.signal`: the client cancelled the task; in a client: the task was cancelled',
  ERR_TASK_EXPIRED: 'reason of `ctx.signal`: the task did not finish within its `ttlMs`',
  ERR_TASK_OVER:
    'an input request of a task was pending when the task ended, or was made after that; reason of `ctx.signal`: another process ended the task',
  ERR_TASK_TOO_LARGE: 'the result of a task alone takes more than `tasks.maxBytes`',
  ERR_TOOL_TIMEOUT: 'reason of `ctx.signal`: the tool took longer than its `timeoutMs`',
  ERR_TOO_MANY_REQUESTS: 'as many input requests as one session may have are pending already',
  ERR_TOO_MANY_ROUNDS:
    'a handler returned `inputRequired` too often without a result; in a client: the server did',
  ERR_TOO_MANY_TASKS: 'thrown by a `TaskStore`: there is no room; the client gets -32000 with its message',
  ERR_UNSUPPORTED_VERSION:
    'client and server know no revision of the protocol in common, or not the one of the option `revision`',
}
