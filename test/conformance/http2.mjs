/**
 * Preloaded into a client on Node's fetch (`node --import`): it offers HTTP/2, which fetch by itself does not. Which
 * certificates it trusts is said by NODE_EXTRA_CA_CERTS.
 */

import { Agent, setGlobalDispatcher } from 'undici'

setGlobalDispatcher(new Agent({ allowH2: true }))
