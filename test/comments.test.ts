/** Files that comments of src/ name: a reader who follows a name finds a file. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listSources } from '../scripts/lib/transpile.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')
const below = (base: string, folder: string) =>
  listSources(join(root, folder)).map((path) => relative(join(root, base), path).replaceAll('\\', '/'))
const paths = below('src', 'src')
/** What a comment may also name. */
const elsewhere = ['test', 'bench', 'scripts'].flatMap((folder) => below('.', folder))

/** Comments of a file, as one text each: block comments, and what follows `//`. */
function commentsOf(text: string): string[] {
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/[^\n]*/g)].map(([comment]) => comment)
}

/** `name.ts` and `folder/name.ts`, also with a `*` in it: `keywords-*.ts`. */
function filesNamed(comment: string): string[] {
  return [...comment.matchAll(/(?<![\w./-])[\w./*-]*[\w*]\.ts\b(?!\w)/g)].map(([name]) => name)
}

/** Whether the path of a file ends with the name, whole parts only. */
function exists(name: string, all: readonly string[]): boolean {
  const pattern = name.split('*').map((part) => part.replace(/[.\\/]/g, String.raw`\$&`))
  const ending = new RegExp(`(?:^|/)${pattern.join('[^/]*')}$`)
  return all.some((path) => ending.test(path))
}

test('every file that a comment of src/ names exists', () => {
  const missing = paths.flatMap((path) =>
    commentsOf(readFileSync(join(src, path), 'utf8'))
      .flatMap(filesNamed)
      .filter((name) => !exists(name, [...paths, ...elsewhere]))
      .map((name) => `${path} names ${name}`),
  )
  assert.deepEqual(missing, [])
})

test('a name that leads to no file is found in block and line comments, and nothing else is taken for one', () => {
  const named = (text: string) => commentsOf(text).flatMap(filesNamed)
  assert.deepEqual(named('/** Not here: bytes (sse-writer.ts), the rest (http/gone.ts). */'), [
    'sse-writer.ts',
    'http/gone.ts',
  ])
  assert.deepEqual(named("import { a } from './a.ts' // see b.ts, keywords-*.ts"), ['b.ts', 'keywords-*.ts'])
  assert.deepEqual(named("const url = 'https://example.com/c.ts'\n// no.tsx, v1.tsv"), [])
  const all = ['http/host.ts', 'read/keywords-validation.ts']
  for (const name of ['host.ts', 'http/host.ts', 'keywords-*.ts']) assert.ok(exists(name, all), name)
  for (const name of ['ost.ts', 'sse/host.ts', 'keyword-*.ts', 'host-ts']) assert.ok(!exists(name, all), name)
})
