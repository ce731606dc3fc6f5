import assert from 'node:assert/strict'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createMatcher } from '../../scripts/demo/line-matcher.ts'
import { MAX_LINE_LENGTH } from '../../scripts/demo/lines.ts'
import { Root } from '../../scripts/demo/root.ts'
import { searchText } from '../../scripts/demo/search.ts'
import { fileStats } from '../../scripts/demo/stats.ts'
import { UserError } from '../../scripts/demo/user-error.ts'
import { makeFolder } from './folder.ts'

const open = async (t: TestContext, files: Record<string, string | Uint8Array>) =>
  Root.open(await makeFolder(t, files))

test('searchText gives file, line and text of plain matches', async (t) => {
  const root = await open(t, {
    'a.txt': 'one\ntwo (x)\r\nthree\n',
    'b/c.txt': 'nothing\n(x) last line without an end',
    'bin.dat': new Uint8Array([0x28, 0x78, 0x29, 0]),
  })
  assert.deepEqual(await searchText(root, { pattern: '(x)' }), {
    matches: [
      { file: 'a.txt', line: 2, text: 'two (x)' },
      { file: 'b/c.txt', line: 2, text: '(x) last line without an end' },
    ],
    filesSearched: 2,
    filesSkipped: 1,
    truncated: false,
  })
})

test('searchText counts lines over chunk boundaries', async (t) => {
  // Lines of 1 to 97 bytes with multi-byte characters: chunks end at every kind of place.
  const lines = Array.from({ length: 20_000 }, (_, i) => `${'\u20ac'.repeat(i % 31)}${'x'.repeat(i % 4)}`)
  for (const at of [1, 999, 19_999]) lines[at] = `${lines[at]} needle`
  const root = await open(t, { 'big.txt': lines.join('\n') })
  const { matches } = await searchText(root, { pattern: 'needle' })
  assert.deepEqual(
    matches.map(({ line, text }) => [line, text]),
    [1, 999, 19_999].map((at) => [at + 1, lines[at]]),
  )
})

test('searchText looks at the beginning of a very long line only', async (t) => {
  const long = 'y'.repeat(MAX_LINE_LENGTH)
  const root = await open(t, { 'a.txt': `${long}needle\nneedle\n${long.repeat(100)}needle\nneedle` })
  const { matches } = await searchText(root, { pattern: 'needle' })
  assert.deepEqual(
    matches.map(({ line }) => line),
    [2, 4],
  )
})

test('searchText takes glob, ignoreCase and maxMatches', async (t) => {
  const root = await open(t, { 'a.md': 'Word\nword', 'b.txt': 'WORD' })
  const lines = async (request: object) =>
    (await searchText(root, { pattern: 'word', ...request })).matches.map(
      ({ file, line }) => `${file}:${line}`,
    )
  assert.deepEqual(await lines({}), ['a.md:2'])
  assert.deepEqual(await lines({ ignoreCase: true }), ['a.md:1', 'a.md:2', 'b.txt:1'])
  assert.deepEqual(await lines({ ignoreCase: true, glob: '*.txt' }), ['b.txt:1'])
  const limited = await searchText(root, { pattern: 'word', ignoreCase: true, maxMatches: 2 })
  assert.equal(limited.matches.length, 2)
  assert.equal(limited.truncated, true)
})

test('searchText reports progress for each file', async (t) => {
  const root = await open(t, { 'a.txt': '', 'b.txt': '', 'c.txt': '' })
  const reports: unknown[] = []
  await searchText(root, { pattern: 'x' }, undefined, (...report) => reports.push(report))
  assert.deepEqual(reports, [
    [1, 3, 'a.txt'],
    [2, 3, 'b.txt'],
    [3, 3, 'c.txt'],
  ])
})

test('searchText ends between files when its signal aborts', async (t) => {
  const root = await open(t, { 'a.txt': 'x', 'b.txt': 'x', 'c.txt': 'x' })
  const controller = new AbortController()
  const reason = new Error('enough')
  const seen: number[] = []
  const search = searchText(root, { pattern: 'x' }, controller.signal, (progress) => {
    seen.push(progress)
    controller.abort(reason)
  })
  await assert.rejects(search, reason)
  assert.deepEqual(seen, [1])
})

test('searchText runs a regular expression when asked to', async (t) => {
  const root = await open(t, { 'a.txt': 'cat\ncot\nC.T\n' })
  const lines = async (request: object) =>
    (await searchText(root, { pattern: 'c.t', ...request })).matches.map(({ line }) => line)
  assert.deepEqual(await lines({}), [])
  assert.deepEqual(await lines({ regex: true }), [1, 2])
  assert.deepEqual(await lines({ regex: true, ignoreCase: true }), [1, 2, 3])
})

test('createMatcher ends a regular expression that takes too long, and the event loop stays free', async (t) => {
  const matcher = createMatcher({ pattern: '^(a+)+$', regex: true, budgetMs: 100 })
  t.after(() => matcher.close())
  let turns = 0
  const turning = setInterval(() => turns++, 5)
  t.after(() => clearInterval(turning))
  await assert.rejects(
    async () => matcher.matches([`${'a'.repeat(60)}!`]),
    (error) => error instanceof UserError && /took longer than 100 ms/.test(error.message),
  )
  assert.ok(turns > 0)
})

test('createMatcher ends a regular expression when the signal aborts', async (t) => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const matcher = createMatcher({
    pattern: '^(a+)+$',
    regex: true,
    budgetMs: 600_000,
    signal: controller.signal,
  })
  t.after(() => matcher.close())
  assert.deepEqual(await matcher.matches(['aaa', 'b']), [0])
  const matching = matcher.matches([`${'a'.repeat(60)}!`])
  controller.abort(reason)
  await assert.rejects(async () => matching, reason)
})

test('createMatcher ends a regular expression that takes too long on all chunks together, and gives its place back once', async () => {
  let places = 1
  const takeWorker = () => {
    places--
    return () => void places++
  }
  const matcher = createMatcher({
    pattern: '^(a+)+$',
    regex: true,
    budgetMs: 600_000,
    totalMs: 100,
    takeWorker,
  })
  assert.equal(places, 0)
  await assert.rejects(
    async () => matcher.matches([`${'a'.repeat(60)}!`]),
    (error) => error instanceof UserError && /took longer than 100 ms on all files/.test(error.message),
  )
  await matcher.close()
  assert.equal(places, 1)
  assert.throws(() => createMatcher({ pattern: '(', regex: true, takeWorker }), UserError)
  await createMatcher({ pattern: 'a', takeWorker }).close()
  assert.equal(places, 1)
})

test('searchText refuses patterns and globs it cannot take', async (t) => {
  const root = await open(t, {})
  for (const request of [
    { pattern: '' },
    { pattern: 'x'.repeat(501) },
    { pattern: '(', regex: true },
    { pattern: 'x', glob: '(a+)+' },
  ]) {
    await assert.rejects(searchText(root, request), UserError, JSON.stringify(request))
  }
  assert.deepEqual((await searchText(root, { pattern: '(' })).matches, [])
})

test('fileStats counts files and bytes, by extension, largest first', async (t) => {
  const root = await open(t, {
    'a.md': '12345',
    'b.MD': '1',
    'c/d.txt': '123',
    Makefile: '',
    '.env': 'hidden',
  })
  const stats = await fileStats(root)
  assert.equal(stats.files, 4)
  assert.equal(stats.bytes, 9)
  assert.deepEqual(stats.byExtension, [
    { extension: '.md', files: 2, bytes: 6 },
    { extension: '.txt', files: 1, bytes: 3 },
    { extension: '', files: 1, bytes: 0 },
  ])
  assert.deepEqual(stats.largest[0], { path: 'a.md', bytes: 5 })
  assert.equal(stats.newest.length, 4)
  assert.ok(
    stats.newest.every(
      ({ path: file, modified }) => !path.isAbsolute(file) && !Number.isNaN(Date.parse(modified)),
    ),
  )
  assert.equal((await fileStats(root, '*.txt')).files, 1)
})
