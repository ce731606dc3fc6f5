/**
 * `npm start`: the demo server.
 *
 * SIGTERM and SIGINT stop it in good order, calls in progress included, with exit code 0; a second one stops
 * it at once. What the person who started it can mend is one line on standard error and exit code 1.
 */

import { serve } from '../src/index.ts'
import { serveStdio } from '../src/stdio.ts'
import { startAuth } from './demo/auth.ts'
import { greeting } from './demo/greeting.ts'
import { type DemoOptions, parseOptions, UsageError, usage } from './demo/options.ts'
import { createDemo } from './demo/server.ts'

async function run(options: DemoOptions): Promise<void> {
  const demo = await createDemo(options)
  if (options.stdio) {
    void serveStdio(demo.server).closed.then(() => demo.close())
    return
  }
  const auth = options.auth ? await startAuth(options.port) : undefined
  const { url, close } = await serve(demo.server, {
    port: auth?.port ?? options.port,
    ...(auth !== undefined && { auth: auth.resource }),
    host: options.host,
    ...(options.allowedHosts.length > 0 && { allowedHosts: options.allowedHosts }),
  }).catch(async (error: unknown) => {
    // It would keep a program running that serves nothing.
    await auth?.close()
    throw error
  })
  let stopping = false
  const stop = async () => {
    if (stopping) process.exit(1)
    stopping = true
    await close()
    await auth?.close()
    demo.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.stdout.on('error', () => {
    // Nobody reads it: that is no reason not to serve.
  })
  // Last: whoever reads this may stop the server at once, and it must know how by then.
  process.stdout.write(greeting(url, demo.directory, options.notes, auth?.issuer))
}

function explain(error: unknown, { host, port: asked }: DemoOptions): string {
  // With --auth it may be the port of the authorization server.
  const { code, message, port = asked } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is in use; choose another with --port N`
  if (code === 'EACCES')
    return `port ${port} on ${host} may not be opened; choose one above 1023 with --port N`
  return message
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(usage)
  else {
    await run(options).catch((error: unknown) => {
      console.error(`error: ${explain(error, options)}`)
      process.exitCode = 1
    })
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`error: ${error.message}\n\n${usage.trimEnd()}`)
  process.exitCode = 1
}
