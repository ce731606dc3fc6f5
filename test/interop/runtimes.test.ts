/** The same server under Node, Bun and Deno. These two are installed by `npm run interop`, and skipped where they are not. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Started, start } from '../../scripts/lib/child.ts'
import { TestSession } from '../helpers/wire.ts'
import { findRuntime } from './find-runtime.ts'
import { connections, leaving, oldHttp, pipelining, streams, wholeAnswers } from './portable-checks.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = join(root, 'test', 'interop', 'runtimes')

const RUNTIMES: readonly {
  readonly name: string
  readonly command: string | undefined
  readonly args: string[]
}[] = [
  { name: 'Node', command: process.execPath, args: ['--import', 'tsx'] },
  { name: 'Bun', command: findRuntime('@oven', 'bin/bun'), args: [] },
  { name: 'Deno', command: findRuntime('@deno', 'deno'), args: ['run', '--allow-all', '--no-lock'] },
]

for (const { name, command, args } of RUNTIMES) {
  if (command === undefined) test(name, { skip: 'not installed here: npm run interop' })
  for (const how of command === undefined ? [] : ['serve', 'mount', 'fetch']) {
    describe(`${name}, ${how}`, () => {
      let server: Started
      let url = ''
      before(async () => {
        const script = join(home, 'server.ts')
        server = await start(command as string, [...args, script, how], /listening on (\S+)/, { cwd: root })
        url = server.match[1] as string
      })
      after(() => server.stop())
      for (const [title, check] of Object.entries({ ...wholeAnswers, ...streams, ...connections })) {
        test(title, () => check(url))
      }
      test('pipelined requests are answered in order', () => pipelining(url))
      test('clients that leave in the middle of their bodies harm nobody', () => leaving(url))
      test('HTTP/1.0', () => oldHttp(url))
      test('closing ends open streams as HTTP says', async () => {
        const session = await TestSession.open(url)
        const stream = await session.listen()
        await stream.until(({ comment, id }) => comment !== undefined || id !== undefined)
        await server.stop()
        assert.equal((await stream.end()).complete, true)
      })
    })
  }
}
