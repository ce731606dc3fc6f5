/** `npm run bench:peers`: installs the peers next to this file, from the lock file. */

import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/lib/child.ts'

const home = fileURLToPath(new URL('.', import.meta.url))
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const { code, stderr } = await run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: home })
if (code === 0) {
  console.log('the peers are installed below bench/peers')
} else {
  console.error(`npm ci in bench/peers failed:\n${stderr}`)
  process.exitCode = 1
}
