/**
 * Tools that are too large for the root install: each has a folder with its own `package.json` and lock file, and
 * is installed there by the script that needs it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.ts'

/**
 * Installs what a folder's lock file says, unless the wanted package is there already in its pinned version.
 *
 * @param home - the folder
 * @param name - the package that it is there for, pinned in its `devDependencies`
 * @returns the folder of the installed package
 * @throws {Error} with npm's output, when the installation fails
 */
export async function installApart(home: string, name: string): Promise<string> {
  const { devDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  // Of `npm:express@4.22.3`, a package under another name, the version.
  const wanted: string = devDependencies[name].replace(/^.*@/, '')
  const installed = join(home, 'node_modules', ...name.split('/'))
  const manifest = join(installed, 'package.json')
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === wanted) return installed
  console.log(`installing ${name} ${wanted}`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // None of these tools needs the install scripts of what it brings along.
  const { code, stderr } = await run(npm, ['ci', '--ignore-scripts'], { cwd: home })
  if (code !== 0) throw new Error(`npm ci in ${home} failed:\n${stderr}`)
  return installed
}
