/**
 * `npm run bench:peers`: installs the peers and the plotting library of the report, each from its lock file, and builds
 * the project of the peer that needs it.
 */

import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/lib/child.ts'

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
for (const folder of ['peers', 'report']) {
  const home = fileURLToPath(new URL(`../${folder}`, import.meta.url))
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const { code, stderr } = await run(npm, args, { cwd: home })
  if (code === 0) {
    console.log(`installed below bench/${folder}`)
  } else {
    console.error(`npm ci in bench/${folder} failed:\n${stderr}`)
    process.exitCode = 1
  }
}
const xmcp = fileURLToPath(new URL('xmcp-build.mjs', import.meta.url))
const { code, stderr } = await run(process.execPath, [xmcp])
if (code === 0) {
  console.log('built the server of xmcp')
} else {
  console.error(stderr)
  process.exitCode = 1
}
