/** The authorization of the client runs wherever `fetch` does: nothing of Node, and little of anything. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { build } from 'esbuild'

const MAX_BYTES = 45_000

test('src/client/oauth imports nothing of Node but in loopback.ts, and is small', async () => {
  const { metafile, outputFiles } = await build({
    entryPoints: ['src/client/oauth/index.ts'],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    // Fails at an import that a browser does not have.
    platform: 'browser',
    metafile: true,
  })
  const folders = Object.keys(metafile.inputs).map((path) => path.replace(/^src\/|\/[^/]*$/g, ''))
  deepEqual([...new Set(folders)].sort(), ['bounds', 'client', 'client/oauth', 'jsonrpc'])
  ok(!Object.keys(metafile.inputs).some((path) => path.endsWith('/loopback.ts')))
  const bytes = outputFiles[0]?.contents.byteLength ?? 0
  ok(bytes > 0 && bytes <= MAX_BYTES, `${bytes} bytes`)
})
