/** `node --import ./test/sdk/any-port.mjs program`: whatever port the program listens on is a free one, and sent to its parent. */
import { Server } from 'node:net'

const { listen } = Server.prototype
Server.prototype.listen = function (port, ...rest) {
  this.once('listening', () => process.send?.({ port: this.address().port }))
  return listen.call(this, typeof port === 'number' ? 0 : port, ...rest)
}
