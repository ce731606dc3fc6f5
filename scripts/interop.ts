/**
 * `npm run interop [-- --install]`: the handler in the frameworks, adapters, runtimes and platforms that people use, behind bridges
 * between transports, and the client there and with the servers that people use. They are too large for the root
 * install: each folder has a lock file of its own, and is installed here. `npm test` runs the same tests where they are
 * installed, and says what it skips where they are not; `--install` leaves them to it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './lib/child.ts'
import { installApart } from './lib/install-apart.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['frameworks', 'runtimes', 'next', 'servers', 'published', 'bridge', 'workerd', 'lambda']

for (const folder of FOLDERS) {
  const home = join(root, 'test', 'interop', folder)
  const { devDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  for (const name of Object.keys(devDependencies)) await installApart(home, name)
}
await compileLambda(join(root, 'test', 'interop', 'lambda'))
if (process.argv.includes('--install')) process.exit()
const filters = [
  'test/interop/frameworks.test.ts',
  'test/interop/runtimes.test.ts',
  'test/interop/bridge.test.ts',
  'test/interop/workerd.test.ts',
  'test/interop/lambda.test.ts',
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

/** The one package whose install script is needed. Where a tool for it is missing, its test is skipped and says so. */
async function compileLambda(home: string): Promise<void> {
  if (existsSync(join(home, 'node_modules', 'aws-lambda-ric', 'dist', 'rapid-client.node'))) return
  console.log('compiling aws-lambda-ric')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { code, stderr } = await run(npm, ['rebuild', 'aws-lambda-ric'], { cwd: home })
  if (code !== 0) {
    console.error(
      `aws-lambda-ric needs cmake, autoconf, automake, libtool, make and g++:\n${stderr.slice(-1000)}`,
    )
  }
}
