import assert from 'node:assert/strict'
import { readdir, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { checkNote, Notes } from '../../scripts/demo/notes.ts'
import { UserError } from '../../scripts/demo/user-error.ts'
import { makeFolder } from './folder.ts'

test('Notes.write makes a new file and gives its name', async (t) => {
  const folder = await makeFolder(t, {})
  const notes = await Notes.open(folder)
  assert.equal(await notes.write({ name: 'todo', text: 'gr\u00fcezi\n' }), 'todo.md')
  assert.equal(await notes.write({ name: 'plain.txt', text: '' }), 'plain.txt')
  assert.equal(await readFile(path.join(folder, 'todo.md'), 'utf8'), 'gr\u00fcezi\n')
})

test('Notes.write overwrites nothing and follows no link', async (t) => {
  const folder = await makeFolder(t, { 'notes/taken.md': 'old', 'outside.md': 'old' })
  await symlink('../outside.md', path.join(folder, 'notes', 'link.md'))
  await symlink('../new.md', path.join(folder, 'notes', 'dangling.md'))
  const notes = await Notes.open(path.join(folder, 'notes'))
  for (const name of ['taken', 'taken.md', 'link', 'dangling']) {
    await assert.rejects(notes.write({ name, text: 'new' }), (error: Error) => {
      return (
        error instanceof UserError && /exists already/.test(error.message) && !error.message.includes(folder)
      )
    })
  }
  assert.equal(await readFile(path.join(folder, 'notes', 'taken.md'), 'utf8'), 'old')
  assert.deepEqual((await readdir(folder)).sort(), ['notes', 'outside.md'])
})

test('checkNote refuses names that are more than a name, and long texts', () => {
  const names = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/x',
    '.hidden',
    'a..b',
    'x.exe',
    'a b',
    'a\0',
    'x'.repeat(65),
    'CON',
    'nul.txt',
    'a%2f',
  ]
  for (const name of names)
    assert.throws(() => checkNote({ name, text: '' }), UserError, JSON.stringify(name))
  assert.throws(() => checkNote({ name: 'a', text: '\u20ac'.repeat(22_000) }), /66000 bytes, at most 65536/)
  assert.equal(checkNote({ name: 'A-b_1', text: 'x' }), 'A-b_1.md')
})

test('Notes.open refuses what is no folder', async (t) => {
  const folder = await makeFolder(t, { 'a.txt': '' })
  await assert.rejects(Notes.open(path.join(folder, 'none')), /--notes: no such folder/)
  await assert.rejects(Notes.open(path.join(folder, 'a.txt')), /--notes: no such folder/)
})
