/** The v2 client in the stateless era listens: to changes of lists and of resources, until one side ends it. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WATCHED_URI } from '../fixture/resources.ts'
import { within } from '../helpers/within.ts'
import { gate, recordPosts, serveFixture, statelessKinds } from './setup.ts'

const UPDATED = 'notifications/resources/updated'
const TOOLS = 'notifications/tools/list_changed'
const PROMPTS = 'notifications/prompts/list_changed'
const RESOURCES = 'notifications/resources/list_changed'

for (const kind of statelessKinds) {
  describe(kind.name, () => {
    test('hears of changes of the lists that it listens to, once for changes made together', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const client = await served.connect(kind)
      const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
      const { honoredFilter } = await client.sdk.listen(filter)
      assert.deepEqual(honoredFilter, filter)
      assert.equal(served.stats().subscriptions, 1)
      const added = server.registerTool('added', {}, () => 'new')
      server.registerTool('added_too', {}, () => 'new as well')
      await client.inbox.wait(TOOLS)
      assert.ok((await client.listTools()).some(({ name }) => name === 'added'))
      added.remove()
      await client.inbox.wait(TOOLS, 2)
      server.registerPrompt('added', {}, () => 'a prompt')
      await client.inbox.wait(PROMPTS)
      server.registerResource('added', 'test://added', {}, () => 'a resource')
      await client.inbox.wait(RESOURCES)
      assert.equal(client.inbox.all.length, 4)
      assert.deepEqual(client.errors, [])
    })

    test('hears of nothing that it did not ask for', async (t) => {
      const served = await serveFixture(t)
      const client = await served.connect(kind)
      const other = await served.connect(kind)
      await client.sdk.listen({ promptsListChanged: true })
      await client.callTool('test_trigger_tool_change')
      // A later message on the same stream: one before it would have come first.
      await other.callTool('test_trigger_prompt_change')
      await client.inbox.wait(PROMPTS)
      assert.equal(client.inbox.all.length, 1)
      assert.deepEqual(other.inbox.all, [])
    })

    test('hears of updates of the resources that it named, where they can be watched', async (t) => {
      const { server, ...served } = await serveFixture(t)
      server.registerResource('second', 'test://second', { subscribe: true }, () => 'content')
      const client = await served.connect(kind)
      const wanted = [WATCHED_URI, 'test://static-text', 'test://nowhere']
      const { honoredFilter } = await client.sdk.listen({ resourceSubscriptions: wanted })
      assert.deepEqual(honoredFilter, { resourceSubscriptions: [WATCHED_URI] })
      server.notifyResourceUpdated('test://second')
      server.notifyResourceUpdated(WATCHED_URI)
      const [update] = await client.inbox.wait(UPDATED)
      assert.equal(update?.params['uri'], WATCHED_URI)
      assert.equal(client.inbox.all.length, 1)
    })

    test('has two streams at once, each with its own news', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const client = await served.connect(kind)
      const first = await client.sdk.listen({ toolsListChanged: true })
      await client.sdk.listen({ resourceSubscriptions: [WATCHED_URI] })
      assert.equal(served.stats().subscriptions, 2)
      server.registerTool('added', {}, () => '')
      await client.inbox.wait(TOOLS)
      await first.close()
      assert.equal(await first.closed, 'local')
      server.notifyResourceUpdated(WATCHED_URI)
      await client.inbox.wait(UPDATED)
      assert.equal(client.inbox.all.length, 2)
    })

    test('stops listening, and the resource is no longer watched', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const stopped = gate()
      const events: string[] = []
      const subscribe = (uri: string) => {
        events.push(uri)
        return () => stopped.open()
      }
      server.registerResource('file', 'test://file', { subscribe }, () => 'content')
      const client = await served.connect(kind)
      const subscription = await client.sdk.listen({ resourceSubscriptions: ['test://file'] })
      assert.deepEqual(events, ['test://file'])
      await subscription.close()
      await within(stopped.opened, () => 'the watching to stop')
      assert.equal(served.stats().subscriptions, 0)
      assert.deepEqual(client.errors, [])
    })

    test('reads what it kept until it hears that it changed', async (t) => {
      const cache = { tools: { ttlMs: 60_000 }, read: { ttlMs: 60_000 } }
      const { server, ...served } = await serveFixture(t, {}, { cache })
      const posts = recordPosts()
      const client = await served.connect(kind, { fetch: posts.fetch })
      await client.sdk.listen({ toolsListChanged: true, resourceSubscriptions: [WATCHED_URI] })
      const look = async () => {
        await client.sdk.readResource({ uri: WATCHED_URI })
        await client.listTools()
        return [posts.of('resources/read').length, posts.of('tools/list').length]
      }
      assert.deepEqual(await look(), [1, 1])
      assert.deepEqual(await look(), [1, 1])
      server.notifyResourceUpdated(WATCHED_URI)
      await client.inbox.wait(UPDATED)
      assert.deepEqual(await look(), [2, 1])
      server.registerTool('added', {}, () => '')
      await client.inbox.wait(TOOLS)
      assert.deepEqual(await look(), [2, 2])
    })

    test('listens by itself when it was told to keep its list of tools fresh', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const heard = gate<readonly string[]>()
      const client = await served.connect(kind, { onToolsChanged: heard.open })
      assert.deepEqual(client.sdk.autoOpenedSubscription?.honoredFilter, { toolsListChanged: true })
      server.registerTool('added', {}, () => '')
      assert.ok((await within(heard.opened, () => 'the new list')).includes('added'))
    })

    test('is told when the server ends the stream, and can tell that from a broken connection', async (t) => {
      const served = await serveFixture(t)
      const client = await served.connect(kind)
      const broken = await client.sdk.listen({ toolsListChanged: true })
      served.breakConnections()
      assert.equal(await within(broken.closed, () => 'the end of the stream'), 'remote')
      const ended = await client.sdk.listen({ toolsListChanged: true })
      const closed = served.close()
      assert.equal(await within(ended.closed, () => 'the end of the stream'), 'graceful')
      await within(closed, () => 'the server to close')
    })

    test('is refused one stream more than the server allows, and keeps those it has', async (t) => {
      const served = await serveFixture(t, { subscriptions: { max: 1 } })
      const client = await served.connect(kind)
      await client.sdk.listen({ toolsListChanged: true })
      await assert.rejects(client.sdk.listen({ toolsListChanged: true }))
      await client.callTool('test_trigger_tool_change')
      await client.inbox.wait(TOOLS)
      assert.equal(served.stats().subscriptions, 1)
    })
  })
}
