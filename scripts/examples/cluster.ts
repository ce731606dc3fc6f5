/**
 * barewire on all cores: `node:cluster`, one Redis, and any process serves any request of any session.
 *
 * Run: `REDIS_URL=redis://127.0.0.1:6379 npx tsx scripts/examples/cluster.ts`
 *
 * A process that dies is replaced. SIGUSR2 replaces all of them, one after the other, and no client notices; SIGTERM ends
 * them in good order.
 */

import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { createClient } from 'redis'
import { McpServer, serve } from '../../src/index.ts'
import { redisStore } from '../../src/redis/index.ts'

const PORT = Number(process.env['PORT'] ?? 3000)
const PROCESSES = Number(process.env['PROCESSES'] ?? availableParallelism())
const DRAIN_MS = 10_000
/** In which connections that are open already may bring requests. */
const DRAIN_DELAY_MS = 500

if (cluster.isPrimary) await supervise()
else await work()

async function supervise(): Promise<void> {
  let isEnding = false
  cluster.on('exit', (worker) => {
    // One that was asked to go has its successor already.
    if (!isEnding && !worker.exitedAfterDisconnect) cluster.fork()
  })
  process.on('SIGUSR2', async () => {
    for (const worker of workers()) {
      await once(cluster.fork(), 'message')
      stop(worker)
    }
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      isEnding = true
      for (const worker of workers()) stop(worker)
    })
  }
  const started = Array.from({ length: PROCESSES }, () => once(cluster.fork(), 'message'))
  const [[url]] = (await Promise.all(started)) as [[string]]
  console.log(`${PROCESSES} processes serve ${url}`)
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
}

function stop(worker: Worker): void {
  worker.exitedAfterDisconnect = true
  worker.process.kill('SIGTERM')
}

async function work(): Promise<void> {
  const server = new McpServer({ name: 'cluster-example', version: '1.0.0' })
  server.registerTool(
    'add',
    {
      description: 'Adds two numbers',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
        required: ['a', 'b'],
      },
    },
    async ({ a, b }) => String(a + b),
  )
  server.registerTool('whoami', { description: 'Names the process' }, () => String(process.pid))

  const client = createClient({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' })
  // It connects again by itself, and the store reports outages; without a listener Node would end the process.
  client.on('error', () => {})
  await client.connect()
  const { url, close } = await serve(server, {
    port: PORT,
    store: redisStore({ client, prefix: 'example:' }),
  })
  process.send?.(url)
  process.once('SIGTERM', async () => {
    // From now on node:cluster gives new connections to the others; one that is on its way to this process goes back.
    const disconnected = once(process, 'disconnect')
    cluster.worker?.disconnect()
    await disconnected
    await close({ drainDelayMs: DRAIN_DELAY_MS, drainMs: DRAIN_MS })
    client.destroy()
    process.exit(0)
  })
  // Ctrl+C reaches all processes of a terminal; the supervisor says what follows.
  process.on('SIGINT', () => {})
}
