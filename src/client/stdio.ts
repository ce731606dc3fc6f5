/** The public face of barewire/client/stdio: servers that are processes, for `connect` and `connectAll`. Needs Node. */

export type { Channel } from './channel.ts'
export { type ProcessOptions, stdio } from './stdio-channel.ts'
