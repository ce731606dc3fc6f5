/**
 * `npm run interop`: the handler in the frameworks, adapters and runtimes that people use, and the client there and with
 * the servers that people use. They are too large for the
 * root install: each folder has a lock file of its own, and is installed here. `npm test` runs the same tests where
 * they are installed, and says what it skips where they are not.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './lib/child.ts'
import { installApart } from './lib/install-apart.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['frameworks', 'runtimes', 'next', 'servers', 'published', 'bridge']

for (const folder of FOLDERS) {
  const home = join(root, 'test', 'interop', folder)
  const { devDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  for (const name of Object.keys(devDependencies)) await installApart(home, name)
}
const filters = [
  'test/interop/frameworks.test.ts',
  'test/interop/runtimes.test.ts',
  'test/interop/bridge.test.ts',
  'test/client/runtimes.test.ts',
  'test/client/real-servers.test.ts',
]
const { code, stdout, stderr } = await run(
  process.execPath,
  ['--import', 'tsx', 'scripts/test.ts', ...filters],
  {
    cwd: root,
  },
)
if (code !== 0) console.error(`${stdout}${stderr}`)
console.log((stdout.match(/^. (tests|pass|fail|skipped) \d+$/gm) ?? ['no summary']).join('\n'))
process.exitCode = code ?? 1
