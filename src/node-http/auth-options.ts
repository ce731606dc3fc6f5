/** The option `auth` as it stands on node:http: what `verify` is given is node's own request. Types only. */

import type { IncomingMessage } from 'node:http'
import type { BearerOptions, VerifiedPrincipal } from '../http/authenticate.ts'

/** Requires a bearer token. */
export interface AuthOptions<Principal = VerifiedPrincipal>
  extends BearerOptions<Principal, IncomingMessage> {}
