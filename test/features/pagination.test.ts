/** Pages of lists: every list, cursors that survive changes, and cursors that are refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Handle, RequestContext } from '../../src/index.ts'
import type { TestSession, WireJson } from '../helpers/wire.ts'
import { define, open, revisions } from './offering.ts'

const lists = [
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
] as const

function defineLists(count: number, pageSize: number) {
  const { server } = define({ pageSize })
  const handles: Handle<never>[][] = Array.from({ length: count }, (_, index) => [
    server.registerTool(`n${index}`, {}, () => ''),
    server.registerPrompt(`n${index}`, {}, () => ''),
    server.registerResource(`n${index}`, `memo://n${index}`, {}, () => ''),
    server.registerResourceTemplate(`n${index}`, `memo://n${index}/{id}`, {}, () => ''),
  ])
  return { server, handles }
}

async function page(session: TestSession, list: (typeof lists)[number], cursor?: string) {
  const [method, key] = list
  const { result } = await session.request(method, cursor === undefined ? {} : { cursor })
  return { names: result[key].map((entry: WireJson) => entry.name), next: result.nextCursor }
}

async function walk(session: TestSession, list: (typeof lists)[number], from?: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let cursor = from; ; ) {
    const { names, next } = await page(session, list, cursor)
    pages.push(names)
    if (next === undefined) return pages
    cursor = next
  }
}

for (const revision of revisions) {
  test(`every list comes in pages of pageSize, in order and without a gap, in ${revision} [pagination.stable-cursors]`, async (t) => {
    const session = await open(t, defineLists(5, 2).server, { protocolVersion: revision })
    for (const list of lists) {
      assert.deepEqual(await walk(session, list), [['n0', 'n1'], ['n2', 'n3'], ['n4']], list[0])
    }
  })
}

test('a list that fits on one page, or has no page size, comes without a cursor', async (t) => {
  const exact = await open(t, defineLists(2, 2).server)
  const endless = await open(t, defineLists(50, Number.POSITIVE_INFINITY).server)
  for (const list of lists) {
    assert.equal((await walk(exact, list)).length, 1)
    assert.equal((await walk(endless, list)).flat().length, 50)
  }
})

test('a cursor leads to the same page when it is used again [pagination.stable-cursors]', async (t) => {
  const session = await open(t, defineLists(5, 2).server)
  for (const list of lists) {
    const { next } = await page(session, list)
    assert.deepEqual(await page(session, list, next), await page(session, list, next))
  }
})

test('a walk sees each lasting entry once while others are removed and added [pagination.stable-cursors]', async (t) => {
  const { server, handles } = defineLists(6, 2)
  const session = await open(t, server)
  for (const [index, list] of lists.entries()) {
    const { next } = await page(session, list)
    const [n0, n1, n2] = handles.map((row) => row[index])
    n0?.remove()
    n1?.remove()
    n2?.disable()
    const add = [
      () => server.registerTool('late', {}, () => ''),
      () => server.registerPrompt('late', {}, () => ''),
      () => server.registerResource('late', 'memo://late', {}, () => ''),
      () => server.registerResourceTemplate('late', 'memo://late/{id}', {}, () => ''),
    ][index]
    add?.()
    assert.deepEqual(
      await walk(session, list, next),
      [
        ['n3', 'n4'],
        ['n5', 'late'],
      ],
      list[0],
    )
  }
})

test('an entry that is updated keeps its place in a walk [pagination.stable-cursors]', async (t) => {
  const { server, handles } = defineLists(4, 2)
  const session = await open(t, server)
  for (const [index, list] of lists.entries()) {
    const { next } = await page(session, list)
    handles[2]?.[index]?.update({ title: 'new' } as never)
    handles[1]?.[index]?.remove()
    assert.deepEqual(await walk(session, list, next), [['n2', 'n3']], list[0])
  }
})

test('a cursor past the end of what is left gives an empty last page', async (t) => {
  const { server, handles } = defineLists(3, 2)
  const session = await open(t, server)
  const { next } = await page(session, lists[0])
  handles[2]?.[0]?.remove()
  assert.deepEqual(await page(session, lists[0], next), { names: [], next: undefined })
})

test('a malformed cursor, and one of another list, is -32602, and the session goes on [pagination.invalid-cursor-error] [pagination.invalid-cursor-graceful]', async (t) => {
  const session = await open(t, defineLists(5, 2).server)
  const cursors = new Map<string, string>()
  for (const list of lists) cursors.set(list[0], (await page(session, list)).next)
  for (const list of lists) {
    const foreign = [...cursors].filter(([method]) => method !== list[0]).map(([, cursor]) => cursor)
    const own = cursors.get(list[0]) ?? ''
    const wrong = [...foreign, ' ', 'x', '!!!', '__proto__', `${own}x`, own.slice(1), 'A'.repeat(10_000)]
    for (const cursor of wrong) {
      const { status, error } = await session.request(list[0], { cursor })
      assert.deepEqual([status, error?.code], [200, -32602], `${list[0]} ${cursor.slice(0, 40)}`)
    }
    for (const cursor of [5, 0, {}, [own]]) {
      const { error } = await session.request(list[0], { cursor }, { check: false })
      assert.equal(error?.code, -32602)
    }
    assert.deepEqual(await walk(session, list, own), [['n2', 'n3'], ['n4']])
  }
})

test('each caller pages through what it may see', async (t) => {
  const { server } = define({ pageSize: 2 })
  const visible = (ctx: RequestContext) => ctx.client.name === 'admin'
  for (let index = 0; index < 6; index += 1) {
    server.registerTool(`n${index}`, index % 2 === 0 ? { visible } : {}, () => '')
  }
  const guest = await open(t, server)
  assert.deepEqual(await walk(guest, lists[0]), [['n1', 'n3'], ['n5']])
  const admin = await open(t, server, { clientInfo: { name: 'admin', version: '1' } })
  assert.deepEqual((await walk(admin, lists[0])).flat().length, 6)
})

test('what templates list is paged after the single resources', async (t) => {
  const { server } = define({ pageSize: 2 })
  server.registerResource('one', 'memo://1', {}, () => '')
  const listed = ['memo://1', 'memo://a', 'memo://b', 'memo://c']
  server.registerResourceTemplate(
    'all',
    'memo://{id}',
    { list: async () => listed.map((uri) => ({ uri, name: uri.slice(7) })) },
    () => '',
  )
  const session = await open(t, server)
  assert.deepEqual(await walk(session, lists[2]), [
    ['one', 'a'],
    ['b', 'c'],
  ])
})

test('a pageSize that is no positive integer throws', () => {
  for (const pageSize of [0, -1, 1.5, Number.NaN, '5' as unknown as number]) {
    assert.throws(() => define({ pageSize }), /pageSize must be a positive integer or Infinity/)
  }
})
