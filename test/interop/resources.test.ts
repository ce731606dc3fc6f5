/** Real clients read resources and hear of their changes. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PNG } from '../fixture/media.ts'
import { WATCHED_URI } from '../fixture/resources.ts'
import { SKILL_URIS } from '../fixture/skills.ts'
import { everyKind, kinds, serveFixture } from './setup.ts'

const UPDATED = 'notifications/resources/updated'

for (const kind of everyKind) {
  describe(kind.name, () => {
    test('lists and reads text, bytes and what a template makes', async (t) => {
      const { api } = await (await serveFixture(t)).connect(kind)
      const { resources } = await api.listResources()
      assert.deepEqual(
        resources.map(({ uri }) => uri),
        ['test://static-text', 'test://static-binary', WATCHED_URI, ...SKILL_URIS],
      )
      const { resourceTemplates } = await api.listResourceTemplates()
      assert.equal(resourceTemplates[0]?.uriTemplate, 'test://template/{id}/data')

      const [text] = (await api.readResource({ uri: 'test://static-text' })).contents
      assert.equal(text?.text, 'This is the content of the static text resource.')
      const [bytes] = (await api.readResource({ uri: 'test://static-binary' })).contents
      assert.deepEqual(bytes, { uri: 'test://static-binary', mimeType: 'image/png', blob: PNG })
      const [made] = (await api.readResource({ uri: 'test://template/123/data' })).contents
      assert.equal(JSON.parse(made?.text ?? '').id, '123')
    })

    test('learns that a resource does not exist [resources.not-found]', async (t) => {
      const { api } = await (await serveFixture(t)).connect(kind)
      await assert.rejects(
        api.readResource({ uri: 'test://nowhere' }),
        (error: { code: number; data: unknown }) => {
          assert.equal(error.code, kind.resourceNotFoundCode)
          assert.deepEqual(error.data, { uri: 'test://nowhere' })
          return true
        },
      )
    })
  })
}

for (const kind of kinds) {
  describe(kind.name, () => {
    test('hears of updates between subscribing and unsubscribing', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const client = await served.connect(kind)
      const other = await served.connect(kind)
      server.notifyResourceUpdated(WATCHED_URI)
      await client.api.subscribeResource({ uri: WATCHED_URI })
      server.notifyResourceUpdated(WATCHED_URI)
      const [update] = await client.inbox.wait(UPDATED)
      assert.deepEqual(update?.params, { uri: WATCHED_URI })

      await client.api.unsubscribeResource({ uri: WATCHED_URI })
      server.notifyResourceUpdated(WATCHED_URI)
      // A later message on the same stream: an update before it would have come first.
      server.registerTool('added', {}, () => '')
      await client.inbox.wait('notifications/tools/list_changed')
      await other.inbox.wait('notifications/tools/list_changed')
      assert.equal(client.inbox.of(UPDATED).length, 1)
      assert.equal(other.inbox.of(UPDATED).length, 0)
    })

    test('starts watching with the first subscriber and stops when the last one ends its session', async (t) => {
      const { server, ...served } = await serveFixture(t)
      const events: string[] = []
      server.registerResource(
        'file',
        'test://file',
        {
          subscribe: (uri) => {
            events.push(`watch ${uri}`)
            return () => events.push('stop')
          },
        },
        () => 'content',
      )
      const first = await served.connect(kind)
      const second = await served.connect(kind)
      await first.api.subscribeResource({ uri: 'test://file' })
      await second.api.subscribeResource({ uri: 'test://file' })
      await first.terminate()
      assert.deepEqual(events, ['watch test://file'])
      server.notifyResourceUpdated('test://file')
      await second.inbox.wait(UPDATED)
      await second.terminate()
      assert.deepEqual(events, ['watch test://file', 'stop'])
    })

    test('cannot subscribe to what does not tell of its changes', async (t) => {
      const { api } = await (await serveFixture(t)).connect(kind)
      await assert.rejects(api.subscribeResource({ uri: 'test://static-text' }), { code: -32602 })
    })
  })
}
