/** Results that used to cost a real client the whole call: malformed ones, and those that its era cannot carry. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ErrorInfo, ToolReturn } from '../../src/index.ts'
import { everyKind, kinds, serveFixture, statelessKinds } from './setup.ts'

const row = { content: 'note body', title: 'a row of a database' } as unknown as ToolReturn<undefined>
const link = { type: 'resource_link', uri: 'memo://1', name: 'one' } as const

for (const kind of everyKind) {
  test(`${kind.name} is told of a malformed result as an internal error, and its next call is none the worse`, async (t) => {
    const errors: [unknown, ErrorInfo][] = []
    const onError = (error: unknown, info: ErrorInfo) => void errors.push([error, info])
    const served = await serveFixture(t, {}, { onError })
    served.server.registerTool('row', {}, () => row)
    served.server.registerTool('bytes', {}, async () => {
      return { type: 'image', data: Buffer.from('png') as unknown as string, mimeType: 'image/png' }
    })
    const client = await served.connect(kind)
    for (const name of ['row', 'bytes']) {
      await assert.rejects(client.callTool(name), { code: -32603, message: /Internal error \(reference / })
      assert.equal(errors.at(-1)?.[1].name, name)
    }
    assert.equal((await client.callTool('test_simple_text')).isError, undefined)
    assert.equal(errors.length, 2)
  })
}

describe('structured content that is no object', () => {
  for (const kind of [...kinds, ...statelessKinds]) {
    test(`reaches ${kind.name} as text`, async (t) => {
      const served = await serveFixture(t)
      served.server.registerTool('list', {}, () => ({
        structuredContent: [1, 2] as unknown as object as never,
      }))
      const { content } = await (await served.connect(kind)).callTool('list')
      assert.equal(content[0]?.text, '[1,2]')
    })
  }
})

for (const kind of everyKind) {
  test(`a link to a resource reaches ${kind.name}`, async (t) => {
    const served = await serveFixture(t)
    served.server.registerTool('link', {}, () => link)
    const { content } = await (await served.connect(kind)).callTool('link')
    assert.deepEqual(content, [link])
  })
}
