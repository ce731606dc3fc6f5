/** barewire/client where there is no Node: one bundle that imports nothing and uses nothing of it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { buildSync } from 'esbuild'
import { serve } from '../../src/index.ts'
import { offering } from './offering.ts'

const entry = fileURLToPath(new URL('../../src/client/index.ts', import.meta.url))

/** What browsers, Deno, Bun and edge runtimes have in common. */
const GLOBALS = [
  'AbortController AbortSignal EventTarget Event DOMException URL URLSearchParams Headers Request Response fetch',
  'TextEncoder TextDecoder ReadableStream setTimeout clearTimeout queueMicrotask structuredClone crypto atob btoa console',
]
  .join(' ')
  .split(' ')

test('the client runs without Node: connect, list, call with progress, elicit', async (t) => {
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    globalName: 'client',
    // An import of Node's modules is an error here.
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  })
  const [{ text = '' } = {}] = outputFiles
  const running = await serve(offering(), { port: 0 })
  t.after(() => running.close({ drainMs: 0 }))
  const globals: Record<string, unknown> = {}
  for (const name of GLOBALS) globals[name] = (globalThis as Record<string, unknown>)[name]
  const outcomes: unknown[] = []
  const context = createContext({ ...globals, url: running.url, outcomes })
  await runInContext(
    `${text}
    ;(async () => {
      for (const revision of ['2026-07-28', '2025-11-25']) {
        const connection = await client.connect(url, {
          revision,
          onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
          onRoots: () => [],
          onSample: () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
        })
        const tools = await connection.tools().toArray()
        const reports = []
        await connection.callTool('count', {}, { onProgress: ({ progress }) => reports.push(progress) })
        const { content } = await connection.callTool('ask')
        const { structuredContent } = await connection.callTool('add', { a: 1, b: 2 })
        outcomes.push(JSON.stringify([tools.length, reports, structuredContent, content[0].text.includes('Ann')]))
        await connection.close()
      }
    })()`,
    context,
  )
  const wanted = JSON.stringify([5, [1, 2, 3], { sum: 3 }, true])
  assert.deepEqual(outcomes, [wanted, wanted])
})
