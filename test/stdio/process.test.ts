/** serveStdio on the standard streams of a process: what is on them, back-pressure of a pipe, and how the process ends. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { typescript } from '../helpers/typescript.ts'
import type { WireJson } from '../helpers/wire.ts'
import { within } from '../helpers/within.ts'
import { ENVELOPE } from './connection.ts'

const program = fileURLToPath(new URL('program.ts', import.meta.url))

function start(t: TestContext) {
  const child = spawn(process.execPath, [...typescript, program], { stdio: 'pipe' })
  t.after(() => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const send = (id: number, name: string, args = {}) => {
    const params = { name, arguments: args, _meta: { ...ENVELOPE, progressToken: 1 } }
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`)
  }
  const answer = async (id: number): Promise<WireJson> => {
    for (;;) {
      const lines = stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
      const found = lines.map((line) => JSON.parse(line)).find((message) => message.id === id)
      if (found !== undefined) return found
      await within(once(child.stdout, 'data'), () => `an answer; stderr: ${stderr}`)
    }
  }
  return { child, send, answer, stdout: () => stdout, stderr: () => stderr }
}

test('nothing but messages is on standard output once it serves: the rest goes to standard error, with one warning', async (t) => {
  const { child, send, answer, stdout, stderr } = start(t)
  send(1, 'talk')
  await answer(1)
  send(2, 'talk')
  await answer(2)
  const stray = () => stderr().match(/a stray line\nanother one/g)?.length ?? 0
  while (stray() < 2) await within(once(child.stderr, 'data'), () => 'the stray lines')
  const [first, ...lines] = stdout().trimEnd().split('\n')
  assert.equal(first, 'before it serves')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).id),
    [1, 2],
  )
  assert.equal(stray(), 2)
  assert.equal(stderr().match(/BAREWIRE_STDOUT/g)?.length, 1)
})

test('an answer that is much larger than a pipe arrives whole, and the process serves meanwhile', async (t) => {
  const { child, send, answer, stderr } = start(t)
  send(1, 'talk')
  await answer(1)
  child.stdout.pause()
  // Begun before, since a client that does not read is not read either.
  send(3, 'slow')
  send(2, 'long', { count: 900_000 })
  // A write that waits for the pipe would have stopped it.
  while (!stderr().includes('slow is over')) await within(once(child.stderr, 'data'), () => 'the slow call')
  child.stdout.resume()
  assert.equal((await answer(2)).result.content[0].text.length, 900_000)
  assert.equal((await answer(3)).result.content[0].text, 'slow')
})

for (const how of ['the input ends', 'SIGTERM', 'SIGINT'] as const) {
  test(`when ${how}, calls are answered, and the process exits with code 0 though something keeps it alive`, async (t) => {
    const { child, send, answer, stdout, stderr } = start(t)
    send(1, 'talk')
    await answer(1)
    send(2, 'slow')
    while (!stdout().includes('notifications/progress'))
      await within(once(child.stdout, 'data'), () => 'progress')
    const exit = once(child, 'close')
    if (how === 'the input ends') child.stdin.end()
    else child.kill(how)
    assert.deepEqual(await within(exit, () => 'the process to exit'), [0, null])
    assert.match(stdout(), /"id":2,.*"text":"slow"/)
    assert.match(stderr(), /^closed$/m)
  })
}

test('a client that is gone ends the process', async (t) => {
  const { child, send, answer } = start(t)
  send(1, 'talk')
  await answer(1)
  const exit = once(child, 'exit')
  child.stdout.destroy()
  send(2, 'talk')
  assert.deepEqual(await within(exit, () => 'the process to exit'), [0, null])
})
