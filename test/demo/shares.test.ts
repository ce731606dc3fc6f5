/** What one client of the demo can take from the others, and what it can confirm by itself: over HTTP. */

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createDemo } from '../../scripts/demo/server.ts'
import { BusyError, Shares } from '../../scripts/demo/shares.ts'
import { serve } from '../../src/index.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import { TestSession, type WireJson } from '../helpers/wire.ts'
import { makeFolder } from './folder.ts'

/** The demo, serving these files and writing notes beside them. */
async function start(t: TestContext, files: Record<string, string>) {
  const served = Object.fromEntries(Object.entries(files).map(([name, text]) => [`root/${name}`, text]))
  const folder = await makeFolder(t, { ...served, 'root/any.txt': '', 'notes/keep.md': '' })
  const notes = path.join(folder, 'notes')
  const demo = await createDemo({ root: path.join(folder, 'root'), notes })
  const { url, close } = await serve(demo.server, { port: 0 })
  t.after(async () => {
    await close({ drainMs: 0 })
    demo.close()
  })
  const join = async () => {
    const session = await TestSession.open(url)
    t.after(() => session.close())
    return session
  }
  return { url, notes, join, client: new StatelessClient(url, { capabilities: { elicitation: {} } }) }
}

const textOf = ({ result }: { result: WireJson }): string => result.content[0].text

test('Shares.take refuses what is above the share of a caller or above all, and says which', () => {
  const shares = new Shares({ what: 'things are used', max: 3, maxPerCaller: 2 })
  const [first] = [shares.take('a'), shares.take('a')]
  assert.throws(
    () => shares.take('a'),
    (error) => error instanceof BusyError && /^2 things are used for you already/.test(error.message),
  )
  shares.take('b')
  assert.throws(
    () => shares.take('b'),
    (error) => error instanceof BusyError && /^3 things are used for all clients/.test(error.message),
  )
  first?.()
  first?.()
  assert.equal(shares.size, 2)
  shares.take('b')
  assert.equal(shares.size, 3)
})

// Takes as long as it is let, which is a second.
const slow = { pattern: '^(a+)+$', regex: true }
const slowFile = { 'a.txt': `${'a'.repeat(60)}!\n` }

/** How many searches ended in which way. */
function count(replies: readonly { result: WireJson }[]): { [end: string]: number } {
  const ends = replies.map((reply) => {
    assert.equal(reply.result.isError, true)
    const text = textOf(reply)
    if (/took longer than 1000 ms/.test(text)) return 'stopped'
    if (
      /^2 searches with a regular expression are running for clients without a session.*try again/.test(text)
    )
      return 'own'
    return /^4 searches .* for all clients together.*try again/.test(text) ? 'all' : text
  })
  return Object.fromEntries(
    [...new Set(ends)].sort().map((end) => [end, ends.filter((e) => e === end).length]),
  )
}

test('search_text runs two regular expressions for one client at once, four for all, and others when they ended', async (t) => {
  const { client, join } = await start(t, slowFile)
  const own = await Promise.all([1, 2, 3].map((id) => client.call('search_text', slow, { id })))
  assert.deepEqual(count(own), { own: 1, stopped: 2 })

  const sessions = [await join(), await join(), await join()]
  const all = sessions.flatMap((session) => [1, 2].map(() => session.call('search_text', slow)))
  const plain = await sessions[0]?.call('search_text', { pattern: 'aaa' })
  assert.equal(plain?.result.structuredContent.matches.length, 1)
  assert.deepEqual(count(await Promise.all(all)), { all: 2, stopped: 4 })

  const again = await client.call('search_text', { pattern: 'a+!', regex: true })
  assert.equal(again.result.structuredContent.matches.length, 1)
})

test('a client that watches all it may leaves watches for others, and is told why it gets no more', async (t) => {
  const names = Array.from({ length: 130 }, (_, index) => `${index}.txt`)
  const { client, join } = await start(t, Object.fromEntries(names.map((name) => [name, ''])))
  const [greedy, other] = [await join(), await join()]
  const uris = names.map((name) => `file:///${name}`)
  const on = (session: TestSession, uri = '') => session.request('resources/subscribe', { uri })
  for (const uri of uris.slice(0, 64)) assert.deepEqual((await on(greedy, uri)).result, {})
  const { error } = await on(greedy, uris[64])
  assert.equal(error.code, -32000)
  assert.match(error.message, /^64 files are watched for you already, the most for one client: end one/)
  assert.deepEqual((await on(other, uris[64])).result, {})
  await greedy.request('resources/unsubscribe', { uri: uris[0] })
  assert.deepEqual((await on(greedy, 'file:///any.txt')).result, {})
  // What is missing is said to be missing, and only that.
  assert.equal((await on(greedy, 'file:///none.txt')).error.code, -32002)

  // Everybody without a session is one client, and what others watch already costs nothing.
  const listen = { notifications: { resourceSubscriptions: uris.slice(65) } }
  const refused = await client.request('subscriptions/listen', listen)
  assert.equal(refused.status, 503)
  assert.match(refused.error.message, /^64 files are watched for clients without a session already/)
  const stream = await client.listen({ resourceSubscriptions: uris.slice(1, 129) })
  t.after(() => stream.close())
  const { params } = await stream.nextMessage()
  assert.equal(params.notifications.resourceSubscriptions.length, 128)
})

test('a note is written only for an answer to a question that was put: a request cannot confirm itself', async (t) => {
  const { client, notes } = await start(t, {})
  const { tools } = (await client.request('tools/list')).result
  const tool = tools.find(({ name }: { name: string }) => name === 'confirm_and_write_note')
  assert.match(tool.description, /a request cannot confirm itself/)

  const params = { name: 'confirm_and_write_note', arguments: { name: 'todo', text: 'milk' } }
  const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } }
  const { result } = await client.request('tools/call', { ...params, inputResponses })
  assert.equal(result.resultType, 'input_required')
  assert.match(result.inputRequests.confirm.params.message, /todo\.md/)
  assert.deepEqual(await readdir(notes), ['keep.md'])

  const { requestState } = result
  const reply = await client.request('tools/call', { ...params, inputResponses, requestState })
  assert.equal(textOf(reply), 'Wrote todo.md.')
  assert.equal(await readFile(path.join(notes, 'todo.md'), 'utf8'), 'milk')
})
