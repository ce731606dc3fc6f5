/** The example for node:cluster, as the recipe says to run it. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run, start } from '../../scripts/lib/child.ts'
import { needs } from '../helpers/needs.ts'
import { typescript } from '../helpers/typescript.ts'
import { TestSession } from '../helpers/wire.ts'
import { RedisServer } from '../redis/server.ts'

const program = fileURLToPath(new URL('../../scripts/examples/cluster.ts', import.meta.url))

/** Starting a process takes long on a machine that is busy. */
const LIMIT_MS = 60_000
/** A connection that node:cluster has just handed to a process which is killed stays open, and is never answered. */
const CALL_MS = 5000

async function startExample(t: TestContext) {
  const redis = await RedisServer.start()
  t.after(() => redis.remove())
  const env = { ...process.env, REDIS_URL: redis.url, PORT: '0', PROCESSES: '2' }
  const started = await start(
    process.execPath,
    [...typescript, program],
    /2 processes serve (http:\S+)/,
    { env },
    LIMIT_MS,
  )
  t.after(() => started.stop())
  return started.match[1] as string
}

/** The processes that serve a session, each call over a connection of its own. */
async function processesOf(session: TestSession): Promise<Set<string>> {
  const seen = new Set<string>()
  for (let call = 0; call < 8; call++) seen.add((await session.call('whoami')).result.content[0].text)
  return seen
}

/** Calls until two processes serve the session, and none of those that are gone. */
async function untilReplaced(session: TestSession, gone: readonly string[]): Promise<Set<string>> {
  const end = Date.now() + LIMIT_MS
  while (Date.now() < end) {
    // A connection that a process had just accepted breaks with it.
    const now = await processesOf(session).catch(() => new Set<string>())
    if (now.size === 2 && gone.every((process) => !now.has(process))) return now
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.fail('the processes were not replaced')
}

test('the cluster example serves one session from all of its processes', needs('redis-server'), async (t) => {
  const session = await TestSession.open(await startExample(t), { limitMs: CALL_MS })
  assert.equal((await session.call('add', { a: 2, b: 40 })).result.content[0].text, '42')
  assert.equal((await processesOf(session)).size, 2)
})

test(
  'the cluster example replaces a process that dies, and the session goes on',
  needs('redis-server'),
  async (t) => {
    const session = await TestSession.open(await startExample(t), { limitMs: CALL_MS })
    const [first = '', second = ''] = await processesOf(session)
    process.kill(Number(first), 'SIGKILL')
    const now = await untilReplaced(session, [first])
    assert.ok(now.has(second), [...now].join())
  },
)

test(
  'the cluster example replaces all of its processes on SIGUSR2, without a call that fails',
  needs('redis-server'),
  async (t) => {
    const session = await TestSession.open(await startExample(t), { limitMs: CALL_MS })
    const before = [...(await processesOf(session))]
    const { stdout } = await run('ps', ['-o', 'ppid=', '-p', before[0] ?? ''])
    process.kill(Number(stdout), 'SIGUSR2')
    const end = Date.now() + LIMIT_MS
    for (
      let now = before;
      now.some((each) => before.includes(each));
      now = [...(await processesOf(session))]
    ) {
      assert.ok(Date.now() < end, 'the processes were not replaced')
    }
  },
)
