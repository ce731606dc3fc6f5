/** The option `auth` on node:http: `verify` gets an `IncomingMessage`. Types only. */

import type { IncomingMessage } from 'node:http'
import type { AuthOptions, VerifiedPrincipal } from '../http/authenticate.ts'

export type NodeAuth = AuthOptions<VerifiedPrincipal, IncomingMessage>
