/** The option `auth` as it stands on node:http: what `verify` is given is node's own request. Types only. */

import type { IncomingMessage } from 'node:http'
import type { AuthOptions, VerifiedPrincipal } from '../http/authenticate.ts'

export type NodeAuth = AuthOptions<VerifiedPrincipal, IncomingMessage>
