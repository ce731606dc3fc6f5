/** The public face of barewire/client/http: the client's requests on node:http. Needs Node. */

export { httpFetch } from './node-fetch.ts'
