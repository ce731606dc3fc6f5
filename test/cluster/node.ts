/**
 * One node, as a process: `node.ts --name NAME [--redis PORT] [--client ...] [--fixture] [...]`. It serves the tools of
 * load-tools.ts, or the fixture of the conformance suite, and `/ready` and `/stats` on a second port, as the probes of a
 * load balancer ask for them. Over IPC it says `{ url, probeUrl }` once it listens.
 *
 * SIGTERM: it ends in good order, with exit code 0.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { type ErrorInfo, serve } from '../../src/index.ts'
import { redisStore } from '../../src/redis/index.ts'
import { createFixture } from '../fixture/definition.ts'
import { createLoadServer } from './load-tools.ts'

const { values } = parseArgs({
  options: {
    name: { type: 'string' },
    redis: { type: 'string' },
    client: { type: 'string', default: 'node-redis' },
    prefix: { type: 'string', default: 'test:' },
    fixture: { type: 'boolean', default: false },
    'lease-ms': { type: 'string', default: '10000' },
    'drain-ms': { type: 'string', default: '10000' },
    'drain-delay-ms': { type: 'string', default: '0' },
    'retry-ms': { type: 'string', default: '50' },
    'idle-timeout-ms': { type: 'string', default: '1800000' },
  },
})
const name = values.name ?? String(process.pid)
const onError = (error: unknown, info: ErrorInfo) => {
  process.send?.({ error: `${info.phase}: ${error instanceof Error ? error.message : String(error)}` })
}
const server = values.fixture ? createFixture({ onError }) : createLoadServer(name, { onError })

const store = values.redis === undefined ? undefined : connectStore(values.redis)
const serving = await serve(server, {
  port: 0,
  replay: { retryMs: Number(values['retry-ms']) },
  sessions: { idleTimeoutMs: Number(values['idle-timeout-ms']) },
  tasks: { pollIntervalMs: 100 },
  store,
})

const probes = createServer((request, response) => {
  if (request.url === '/stats') response.end(JSON.stringify(serving.stats()))
  else response.writeHead(serving.ready() ? 200 : 503).end()
})
probes.listen(0, '127.0.0.1')
await once(probes, 'listening')
const probeUrl = `http://127.0.0.1:${(probes.address() as AddressInfo).port}`
process.send?.({ url: serving.url, probeUrl })

process.once('SIGTERM', async () => {
  await serving.close({
    drainMs: Number(values['drain-ms']),
    drainDelayMs: Number(values['drain-delay-ms']),
  })
  process.exit(0)
})
// A test that was killed leaves no node behind.
process.once('disconnect', () => process.exit(1))

function connectStore(port: string) {
  const options = { prefix: values.prefix, leaseMs: Number(values['lease-ms']) }
  if (values.client === 'ioredis') {
    const client = new Redis(Number(port), '127.0.0.1')
    client.on('error', () => {})
    return redisStore({ client, ...options })
  }
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on('error', () => {})
  return redisStore({ client, ...options })
}
