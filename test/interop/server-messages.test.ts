/** Real clients get what the server says outside of calls. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kinds, serveFixture, statelessKinds } from './setup.ts'

const OWN = 'notifications/orders/shipped'
const MESSAGE = 'notifications/message'

for (const kind of kinds) {
  describe(kind.name, () => {
    test('gets log messages of the level that it asked for, and a notification of its own session alone', async (t) => {
      const { server, ...served } = await serveFixture(t, {}, { logging: true })
      const [client, other] = [await served.connect(kind), await served.connect(kind)]
      await client.api.setLoggingLevel('warning')
      const to = { session: client.sessionId ?? '' }
      server.log('info', 'too quiet', to)
      server.log('error', { disk: 'full' }, undefined, 'storage')
      server.notify(OWN, { order: 7 }, to)
      const [message] = await client.inbox.wait(MESSAGE)
      assert.deepEqual(message?.params, { level: 'error', logger: 'storage', data: { disk: 'full' } })
      const [own] = await client.inbox.wait(OWN)
      assert.deepEqual(own?.params, { order: 7 })
      assert.equal(client.inbox.all.length, 2)
      server.log('error', 'last', { session: other.sessionId ?? '' })
      await other.inbox.wait(MESSAGE, 2)
      assert.deepEqual(other.inbox.of(OWN), [])
      assert.deepEqual([...client.errors, ...other.errors], [])
    })

    test('misses nothing of it while its connection is broken', async (t) => {
      const { server, ...served } = await serveFixture(t, {}, { logging: true })
      const client = await served.connect(kind)
      server.notify(OWN, { order: 1 })
      await client.inbox.wait(OWN)
      served.breakConnections()
      server.notify(OWN, { order: 2 })
      server.log('info', 'between')
      server.notify(OWN, { order: 3 }, { session: client.sessionId ?? '' })
      await client.inbox.wait(OWN, 3)
      assert.deepEqual(
        client.inbox.all.map(({ params }) => params['order'] ?? params['data']),
        [1, 2, 'between', 3],
      )
    })
  })
}

for (const kind of statelessKinds) {
  describe(kind.name, () => {
    test('gets a notification of an extension that it has asked for on its stream, and no log message', async (t) => {
      const { server, ...served } = await serveFixture(t, {}, { logging: true })
      server.registerExtension('com.example/orders', { notifications: { [OWN]: 'ordersShipped' } })
      const client = await served.connect(kind)
      await client.sdk.listen({ ordersShipped: true } as never)
      assert.equal(server.log('emergency', 'text').streams, 0)
      assert.equal(server.notify(OWN, { order: 7 }).streams, 1)
      const [own] = await client.inbox.wait(OWN)
      assert.equal(own?.params['order'], 7)
      assert.equal(client.inbox.all.length, 1)
      assert.deepEqual(client.errors, [])
    })
  })
}
