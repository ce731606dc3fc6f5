/**
 * The one error whose text is meant for the client: it says what was received and what was expected, and
 * holds no path of this machine. Everything else that is thrown stays on the server.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
}
