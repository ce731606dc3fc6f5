/**
 * Finds a Node of a given major version: the one we run on, or the `node` package of the npm registry, which
 * carries the binary. Needed by tools that ask for more than this library does, and to test on every major.
 */
import { tmpdir } from 'node:os'
import { run } from './child.ts'

/** The major version of the Node that runs this script. */
export const ownMajor = Number.parseInt(process.versions.node, 10)

/**
 * Gives the path of a Node of one major version.
 *
 * @param major - the major version
 * @returns the path of an executable; npm keeps it in its cache, so only the first call downloads
 * @throws {Error} with npm's output, when there is no such Node and it cannot be fetched
 */
export async function findNode(major: number): Promise<string> {
  if (ownMajor === major) return process.execPath
  // Started outside the project, so that npx looks at nothing of ours.
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx'
  const args = ['--yes', '-p', `node@${major}`, 'node', '-p', 'process.execPath']
  const { code, stdout, stderr } = await run(npx, args, { cwd: tmpdir() })
  const path = stdout.trim().split('\n').at(-1)
  if (code !== 0 || path === undefined || path === '') {
    throw new Error(`this is Node ${process.version}, and npx cannot bring node@${major}:\n${stderr}`)
  }
  return path
}
