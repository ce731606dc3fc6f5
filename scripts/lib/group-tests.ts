/**
 * Which test files share a process. To start one and to load src into it takes a third of a second, which is longer than
 * most files take to run. So the files of a folder of test/ run in one process, one after the other, a few at a time:
 * many small groups keep all processors busy.
 *
 * Folders whose tests measure memory or take long are left alone, each file in a process of its own.
 * These go first, then the groups of many files, since a long one that begins last would run alone.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const ALONE = /^test\/(?:browser|carriers|cluster|package|proxies|redis|robustness|types)\//
const MAX_FILES = 12

/** @returns lists of files, as `collectTests` names them; the files of one list can share a process */
export function groupTests(files: readonly string[]): string[][] {
  const alone = files.filter((file) => ALONE.test(file)).map((file) => [file])
  const groups: string[][] = []
  const byFolder = new Map<string, string[]>()
  for (const file of files.filter((each) => !ALONE.test(each))) {
    const folder = dirname(file).split('/').slice(0, 2).join('/')
    const open = byFolder.get(folder)
    if (open !== undefined && open.length < MAX_FILES) {
      open.push(file)
      continue
    }
    const group = [file]
    byFolder.set(folder, group)
    groups.push(group)
  }
  return [...alone, ...groups.sort((a, b) => b.length - a.length)]
}

/**
 * Writes a module for each group, which imports its files in order. Their names sort as the groups do, because Node runs
 * files in the order of their names.
 *
 * @param root - the folder that contains `test/`
 * @param folder - where the modules go
 * @returns a path for each group, for `node --test`
 */
export function writeGroups(groups: readonly string[][], root: string, folder: string): string[] {
  return groups.map((files, index) => {
    const [first = ''] = files
    const name = (files.length === 1 ? first : dirname(first)).replaceAll('/', '-')
    const path = join(folder, `${String(index).padStart(3, '0')}-${name}.mjs`)
    const imports = files.map(
      (file) => `await import(${JSON.stringify(pathToFileURL(join(root, file)).href)})\n`,
    )
    writeFileSync(path, imports.join(''))
    return path
  })
}
