/** `server/middleware/hostHeaderValidation.js`: requests with another Host are answered with 403. */

import { type Middleware, sendJson } from '../http-middleware.ts'

/** @param allowedHostnames - without ports; an IPv6 address in brackets */
export function hostHeaderValidation(allowedHostnames: string[]): Middleware {
  return (request, response, next) => {
    const { host } = request.headers
    const name =
      host !== undefined && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined
    if (name !== undefined && allowedHostnames.includes(name)) {
      next()
      return
    }
    const message = host === undefined ? 'Missing Host header' : `Invalid Host: ${name ?? host}`
    sendJson(response, 403, { jsonrpc: '2.0', error: { code: -32000, message }, id: null })
  }
}

export function localhostHostValidation(): Middleware {
  return hostHeaderValidation(['localhost', '127.0.0.1', '[::1]'])
}
