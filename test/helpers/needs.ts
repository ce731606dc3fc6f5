/** Programs of the system that some tests need. Without one they are skipped, with a line that says so. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Set where nothing may be skipped, as in .ci/run: a program that is missing makes the tests fail then. */
const mustHaveAll = process.env['TESTS_SKIP_NOTHING'] === '1'

/** Options of a test, or of a group of tests, that needs programs. They are packages of Debian by the same name. */
export function needs(...programs: readonly string[]): { readonly skip: string | false } {
  const missing = programs.filter((name) => findProgram(name) === undefined)
  return needsThat(missing.length === 0, `apt-get install ${missing.join(' ')}`)
}

/** The same of anything. @param how - the command that installs it */
export function needsThat(isThere: boolean, how: string): { readonly skip: string | false } {
  return { skip: !isThere && !mustHaveAll && `not installed here: ${how}` }
}

/** Where a program is. Debian has servers in `sbin`, which is not in the path of every user. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** @throws {Error} it is not installed */
export function program(name: string): string {
  const path = findProgram(name)
  if (path === undefined) throw new Error(`${name} is not installed: apt-get install ${name}`)
  return path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
