/** `server/express.js`: an Express app that parses JSON and checks Host. Express is the program's own. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Middleware } from './http-middleware.ts'
import { hostHeaderValidation, localhostHostValidation } from './middleware/hostHeaderValidation.ts'

export interface CreateMcpExpressAppOptions {
  /** The address that the app will listen on. @defaultValue 127.0.0.1 */
  host?: string
  allowedHosts?: string[]
}

/** What is used of Express. */
interface App {
  use(middleware: Middleware): void
}

// biome-ignore lint/suspicious/noExplicitAny: the type is that of the program's Express
type AnyApp = any

/** @throws {Error} the program does not have Express */
export function createMcpExpressApp({
  host = '127.0.0.1',
  allowedHosts,
}: CreateMcpExpressAppOptions = {}): AnyApp {
  const express = loadExpress()
  const app = express()
  if (allowedHosts !== undefined) app.use(hostHeaderValidation(allowedHosts))
  else if (['127.0.0.1', 'localhost', '::1'].includes(host)) app.use(localhostHostValidation())
  else if (host === '0.0.0.0' || host === '::') {
    console.warn(
      `Warning: Server is binding to ${host} without DNS rebinding protection: name its hosts in allowedHosts, or require authentication.`,
    )
  }
  app.use(express.json())
  return app
}

type Express = (() => App) & { json(): Middleware }

function loadExpress(): Express {
  const [, program = ''] = process.argv
  for (const from of [program, join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from)('express') as Express
    } catch {
      // It may be found from the other place.
    }
  }
  throw new Error('createMcpExpressApp needs Express, which is not installed here: npm install express')
}
