import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, rename, symlink } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { checkPath, isServed, pathToUri, Root, uriToPath } from '../../scripts/demo/root.ts'
import { UserError } from '../../scripts/demo/user-error.ts'
import { makeFolder } from './folder.ts'

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof UserError && pattern.test(error.message)

test('checkPath refuses every spelling of a place outside the root', () => {
  const rows: [relative: string, reason: RegExp][] = [
    ['', /empty/],
    ['..', /"\.\."/],
    ['../secret', /"\.\."/],
    ['a/../../secret', /"\.\."/],
    ['a/..', /"\.\."/],
    ['/etc/passwd', /absolute/],
    ['//server/share', /absolute/],
    ['C:/Windows', /absolute/],
    ['c:secret', /absolute/],
    ['..\\secret', /backslash/],
    ['a\\..\\..\\secret', /backslash/],
    ['\\\\server\\share', /backslash/],
    ['%2e%2e/secret', /percent-encoded/],
    ['%2E%2e%2Fsecret', /percent-encoded/],
    ['..%2fsecret', /percent-encoded/],
    ['..%5csecret', /percent-encoded/],
    ['%252e%252e/secret', /percent-encoded/],
    ['a%00', /percent-encoded/],
    ['a\0.txt', /NUL/],
    ['./a', /empty name or "\."/],
    ['a//b', /empty name/],
    ['a/', /empty name/],
    ['.env', /begin with "\."/],
    ['a/.git/config', /begin with "\."/],
    ['a/...', /begin with "\."/],
    ['x'.repeat(5000), /longer than 4096/],
  ]
  for (const [relative, reason] of rows) {
    assert.throws(() => checkPath(relative), refused(reason), JSON.stringify(relative))
    assert.equal(isServed(relative), false)
  }
  for (const relative of ['a', 'a/b.txt', 'a b/c..d', '100%.txt', '%41', 'a:b']) {
    if (relative !== 'a:b') assert.doesNotThrow(() => checkPath(relative), relative)
  }
})

test('Root.resolve gives the real path of what is inside', async (t) => {
  const folder = await makeFolder(t, { 'docs/a.md': 'a', '100%.txt': '' })
  const root = await Root.open(folder)
  assert.equal(await root.resolve('docs/a.md'), path.join(folder, 'docs', 'a.md'))
  assert.equal(root.resolveSync('docs'), path.join(folder, 'docs'))
  assert.equal(await root.resolve('100%.txt'), path.join(folder, '100%.txt'))
})

test('Root.resolve refuses symbolic links that lead out, and follows those that stay in', async (t) => {
  const outside = await makeFolder(t, {
    'secret.txt': 'secret',
    'root/in.txt': 'in',
    'root/.hidden/x.txt': 'x',
  })
  const folder = path.join(outside, 'root')
  await symlink(path.join(outside, 'secret.txt'), path.join(folder, 'file-link'))
  await symlink(outside, path.join(folder, 'folder-link'))
  await symlink('../secret.txt', path.join(folder, 'relative-link'))
  await symlink('in.txt', path.join(folder, 'inner-link'))
  await symlink('.hidden', path.join(folder, 'shown'))
  await symlink('nowhere', path.join(folder, 'dangling'))
  await symlink('loop', path.join(folder, 'loop'))
  const root = await Root.open(folder)
  for (const relative of ['file-link', 'folder-link', 'folder-link/secret.txt', 'relative-link']) {
    await assert.rejects(root.resolve(relative), refused(/leads out of the served folder/), relative)
    assert.throws(() => root.resolveSync(relative), refused(/leads out of the served folder/), relative)
    await assert.rejects(root.openFile(relative), refused(/leads out/), relative)
  }
  await assert.rejects(root.resolve('shown/x.txt'), refused(/begin with "\."/))
  await assert.rejects(root.resolve('dangling'), refused(/no such file/))
  await assert.rejects(root.resolve('loop'), refused(/no such file/))
  assert.equal(await root.resolve('inner-link'), path.join(folder, 'in.txt'))
})

test('Root.resolve is not taken in by a sibling whose name begins like the root', async (t) => {
  const parent = await makeFolder(t, { 'root/a.txt': '', 'root-secret/b.txt': '' })
  await symlink('../root-secret', path.join(parent, 'root', 'link'))
  const root = await Root.open(path.join(parent, 'root'))
  await assert.rejects(root.resolve('link/b.txt'), refused(/leads out/))
})

test('Root.open follows a link to the root itself and refuses what is no folder', async (t) => {
  const parent = await makeFolder(t, { 'real/a.txt': 'a' })
  await symlink('real', path.join(parent, 'link'))
  const root = await Root.open(path.join(parent, 'link'))
  assert.equal(await root.resolve('a.txt'), path.join(parent, 'real', 'a.txt'))
  await assert.rejects(Root.open(path.join(parent, 'none')), /--root: no such folder/)
  await assert.rejects(Root.open(path.join(parent, 'real', 'a.txt')), /--root: no such folder/)
})

test('Root.openFile opens regular files only and says nothing of this machine', async (t) => {
  const folder = await makeFolder(t, { 'docs/a.md': 'hello' })
  const root = await Root.open(folder)
  const { handle, size } = await root.openFile('docs/a.md')
  t.after(() => handle.close())
  assert.equal(size, 5)
  assert.equal((await handle.readFile()).toString(), 'hello')
  for (const relative of ['docs', 'none.txt', '../x']) {
    await assert.rejects(root.openFile(relative), (error: Error) => {
      return error instanceof UserError && !error.message.includes(folder)
    })
  }
})

test('Root.openFile does not wait for the writer of a named pipe', {
  skip: process.platform === 'win32',
}, async (t) => {
  const folder = await makeFolder(t, {})
  execFileSync('mkfifo', [path.join(folder, 'pipe')])
  const root = await Root.open(folder)
  await assert.rejects(root.openFile('pipe'), refused(/not a regular file/))
})

test('Root.resolve sees the disk as it is now', async (t) => {
  const folder = await makeFolder(t, { 'a/x.txt': '' })
  const root = await Root.open(folder)
  await root.resolve('a/x.txt')
  await rename(path.join(folder, 'a'), path.join(folder, 'b'))
  await assert.rejects(root.resolve('a/x.txt'), refused(/no such file/))
  await mkdir(path.join(folder, 'a'))
  assert.equal(await root.resolve('a'), path.join(folder, 'a'))
})

test('uriToPath is the inverse of pathToUri', () => {
  for (const relative of ['a.txt', 'docs/a b.md', '\u00fc/\u20ac.csv', 'a#b?c', '100%.txt', "it's (1).txt"]) {
    assert.equal(uriToPath(pathToUri(relative)), relative)
  }
  assert.equal(pathToUri('docs/a b.md'), 'file:///docs/a%20b.md')
})

test('uriToPath refuses other schemes, queries, bad encoding and encoded ways out', () => {
  const rows: [uri: string, reason: RegExp][] = [
    ['http:///a', /expected a file:\/\/\/ URI/],
    ['file://host/a', /expected a file:\/\/\/ URI/],
    ['file:///', /empty/],
    ['file:////etc/passwd', /absolute/],
    ['file:///a?b', /query/],
    ['file:///a#b', /fragment/],
    ['file:///%zz', /malformed/],
    ['file:///%2e%2e/secret', /"\.\."/],
    ['file:///..%2fsecret', /"\.\."/],
    ['file:///a%5c..%5cb', /backslash/],
    ['file:///%252e%252e%252fsecret', /percent-encoded/],
    ['file:///a%00', /NUL/],
    ['file:///%2fetc/passwd', /absolute/],
  ]
  for (const [uri, reason] of rows) assert.throws(() => uriToPath(uri), refused(reason), uri)
})
