import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { Root } from '../../scripts/demo/root.ts'
import { UserError } from '../../scripts/demo/user-error.ts'
import { compileGlob, findFiles } from '../../scripts/demo/walk.ts'
import { makeFolder } from './folder.ts'

const files = {
  'b.txt': '',
  'a.md': '',
  'src/x.ts': '',
  'src/deep/y.ts': '',
  'src/deep/z.md': '',
  '.env': '',
  '.git/config': '',
  'node_modules/m/index.js': '',
}

test('findFiles gives every served file in order, and nothing hidden', async (t) => {
  const root = await Root.open(await makeFolder(t, files))
  assert.deepEqual(await findFiles(root), {
    paths: ['a.md', 'b.txt', 'src/deep/y.ts', 'src/deep/z.md', 'src/x.ts'],
    truncated: false,
  })
})

test('findFiles follows no symbolic link', async (t) => {
  const folder = await makeFolder(t, { 'root/a.txt': '', 'outside/secret.txt': '' })
  await symlink('../outside', path.join(folder, 'root', 'out'))
  await symlink('.', path.join(folder, 'root', 'loop'))
  await symlink('a.txt', path.join(folder, 'root', 'same.txt'))
  const root = await Root.open(path.join(folder, 'root'))
  assert.deepEqual((await findFiles(root)).paths, ['a.txt'])
})

test('findFiles passes over names that cannot be asked for', async (t) => {
  const root = await Root.open(await makeFolder(t, { 'a%2fb.txt': '', 'back\\slash.txt': '', 'ok.txt': '' }))
  assert.deepEqual((await findFiles(root)).paths, ['ok.txt'])
})

test('findFiles selects by glob: by name without a slash, by path with one', async (t) => {
  const root = await Root.open(await makeFolder(t, files))
  const rows: [glob: string, paths: string[]][] = [
    ['*.md', ['a.md', 'src/deep/z.md']],
    ['src/*.ts', ['src/x.ts']],
    ['src/**/*.ts', ['src/deep/y.ts', 'src/x.ts']],
    ['**/*.{md,txt}', ['a.md', 'b.txt', 'src/deep/z.md']],
    ['[ab].*', ['a.md', 'b.txt']],
    ['none*', []],
    ['.env', []],
    ['**/.*', []],
  ]
  for (const [glob, paths] of rows) assert.deepEqual((await findFiles(root, { glob })).paths, paths, glob)
})

test('findFiles stops at its limit and says so', async (t) => {
  const root = await Root.open(await makeFolder(t, files))
  const found = await findFiles(root, { maxFiles: 3 })
  assert.equal(found.paths.length, 3)
  assert.equal(found.truncated, true)
  assert.equal((await findFiles(root, { maxFiles: 5 })).truncated, false)
})

test('findFiles ends when its signal aborts', async (t) => {
  const root = await Root.open(await makeFolder(t, files))
  const reason = new Error('enough')
  await assert.rejects(findFiles(root, { signal: AbortSignal.abort(reason) }), reason)
})

test('compileGlob refuses what could make a slow expression', () => {
  for (const glob of [
    '',
    '(a+)+',
    '@(a|b)',
    'a|b',
    '[a]+[a]+',
    '{a,b}+',
    '*a*a*a*a*b',
    '{a,{b,{c,{d,{e,f}}}}}',
    'a\\*',
    'x'.repeat(201),
  ]) {
    assert.throws(() => compileGlob(glob), UserError, glob)
  }
  assert.throws(() => compileGlob('**/**/**/**/**/**/**/**/**/x'), UserError)
})

test('compileGlob stays fast on names made against it', () => {
  // Catastrophic patterns would not come back from this.
  const name = 'a'.repeat(255)
  for (const glob of ['*a*a*b', '{*a*,*a}b', '[a-z]*[a-z]*[^a]', '**/*a*a*b'])
    assert.equal(compileGlob(glob)(name), false, glob)
})
