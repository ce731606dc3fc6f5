import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { completePath, listServedFiles, MAX_READ_BYTES, readServedFile } from '../../scripts/demo/files.ts'
import { Root } from '../../scripts/demo/root.ts'
import { UserError } from '../../scripts/demo/user-error.ts'
import { FileWatch } from '../../scripts/demo/watch.ts'
import { makeFolder } from './folder.ts'

test('readServedFile tells text from bytes by the content', async (t) => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0])
  const root = await Root.open(
    await makeFolder(t, {
      'a.md': '# \u00fc',
      empty: '',
      'logo.png': png,
      data: new Uint8Array([0xff]),
      'nul.txt': 'a\0',
    }),
  )
  assert.deepEqual(await readServedFile(root, 'a.md'), {
    mimeType: 'text/markdown',
    content: { text: '# \u00fc' },
  })
  assert.deepEqual(await readServedFile(root, 'empty'), { mimeType: 'text/plain', content: { text: '' } })
  const logo = await readServedFile(root, 'logo.png')
  assert.equal(logo.mimeType, 'image/png')
  assert.ok('blob' in logo.content)
  assert.deepEqual(new Uint8Array(logo.content.blob), png)
  assert.equal((await readServedFile(root, 'data')).mimeType, 'application/octet-stream')
  assert.ok('blob' in (await readServedFile(root, 'nul.txt')).content)
})

test('readServedFile refuses what is too large, missing or outside', async (t) => {
  const folder = await makeFolder(t, {
    'root/big': new Uint8Array(MAX_READ_BYTES + 1),
    'root/most': new Uint8Array(MAX_READ_BYTES),
    secret: 's',
  })
  await symlink('../secret', path.join(folder, 'root', 'link'))
  const root = await Root.open(path.join(folder, 'root'))
  for (const relative of ['big', 'none', '../secret', 'link', '.']) {
    await assert.rejects(readServedFile(root, relative), UserError, relative)
  }
  assert.ok('blob' in (await readServedFile(root, 'most')).content)
})

test('listServedFiles gives URIs that lead back to the files', async (t) => {
  const root = await Root.open(await makeFolder(t, { 'docs/a b.md': '', Makefile: '' }))
  assert.deepEqual(await listServedFiles(root), [
    { uri: 'file:///Makefile', name: 'Makefile' },
    { uri: 'file:///docs/a%20b.md', name: 'docs/a b.md', mimeType: 'text/markdown' },
  ])
})

test('completePath gives at most 100 paths that begin with what was typed', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`many/${i}.txt`, '']))
  const root = await Root.open(
    await makeFolder(t, { 'docs/a.md': '', 'docs/b.md': '', 'Data.csv': '', ...many }),
  )
  assert.deepEqual(await completePath(root, 'd'), ['Data.csv', 'docs/a.md', 'docs/b.md'])
  assert.deepEqual(await completePath(root, 'docs/b'), ['docs/b.md'])
  assert.deepEqual(await completePath(root, '../'), [])
  assert.equal((await completePath(root, '')).length, 100)
})

test('FileWatch tells of a written and of a replaced file, until it is stopped', async (t) => {
  const folder = await makeFolder(t, { 'docs/a.md': '1', 'docs/other.md': '' })
  const root = await Root.open(folder)
  const failures: unknown[] = []
  const watch = new FileWatch(root, (error) => failures.push(error))
  t.after(() => watch.close())
  const changes = new EventTarget()
  const target = path.join(folder, 'docs', 'a.md')
  const next = () => once(changes, 'change')
  const stop = watch.start('docs/a.md', () => changes.dispatchEvent(new Event('change')), 'a')
  assert.equal(watch.size, 1)

  const written = next()
  await writeFile(target, '2')
  await written
  const replaced = next()
  await writeFile(`${target}.new`, '3')
  await rename(`${target}.new`, target)
  await replaced
  const again = next()
  await writeFile(target, '4')
  await again

  stop()
  assert.equal(watch.size, 0)
  assert.deepEqual(failures, [])
})

test('FileWatch refuses paths that cannot be served, and more than 64 watches of one caller, 256 of all', async (t) => {
  const root = await Root.open(await makeFolder(t, { 'a.md': '' }))
  const watch = new FileWatch(root, () => {})
  t.after(() => watch.close())
  for (const relative of ['none.md', '../a.md', '.env'])
    assert.throws(() => watch.start(relative, () => {}, 'a'), UserError)
  assert.equal(watch.size, 0)
  const start = (caller: string) => watch.start('a.md', () => {}, caller)
  for (const caller of ['a', 'b', 'c', 'd']) {
    for (let i = 0; i < 64; i++) start(caller)
    assert.throws(() => start(caller), /64 files are watched for you already, the most for one client/)
  }
  assert.throws(() => start('e'), /256 files are watched for all clients together, the most on this server/)
  watch.close()
  assert.equal(watch.size, 0)
  start('a')
})
