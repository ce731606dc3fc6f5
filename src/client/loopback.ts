/** The public face of barewire/client/loopback: how the user of a command-line program logs in. Needs Node. */

export type { OnRedirect, Redirected } from './oauth/authorization-code.ts'
export { type LoopbackOptions, type LoopbackRedirect, loopbackRedirect } from './oauth/loopback.ts'
