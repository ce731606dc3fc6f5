import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createClient } from 'redis'
import { countCommands, usedMemory } from '../../../bench/lib/redis-meter.ts'
import { needs } from '../../helpers/needs.ts'
import { RedisServer } from '../../redis/server.ts'

async function connected(t: TestContext) {
  const redis = await RedisServer.start()
  t.after(() => redis.remove())
  const client = createClient({ url: redis.url })
  // It is still connected when the server ends.
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.destroy())
  return { port: redis.port, client }
}

test(
  'countCommands counts what clients send about something, and not what scripts do',
  needs('redis-server'),
  async (t) => {
    const { port, client } = await connected(t)
    const count = await countCommands(port, /\{a\}/, async () => {
      await client.set('{a}:1', 'x')
      await client.set('{b}:1', 'x')
      const script = "redis.call('SET', KEYS[1], 'y') return redis.call('GET', KEYS[1])"
      assert.equal(await client.eval(script, { keys: ['{a}:2'] }), 'y')
    })
    assert.equal(count, 2)
  },
)

test('usedMemory grows by what is stored', needs('redis-server'), async (t) => {
  const { port, client } = await connected(t)
  const before = await usedMemory(port)
  await client.set('large', 'x'.repeat(1_000_000))
  const added = (await usedMemory(port)) - before
  assert.ok(added > 1_000_000 && added < 1_500_000, `${added} bytes`)
})
