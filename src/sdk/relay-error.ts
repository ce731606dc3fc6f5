/** A transport that is used without a server of this library. */

export class RelayError extends Error {
  override readonly name = 'RelayError'

  constructor(method: string) {
    super(
      `${method}() needs a server: call server.connect(transport) first. A transport whose messages a program passes on itself (onmessage, send) is not supported; serve them with an McpServer, or write the relay with connect() of barewire/client`,
    )
  }
}
