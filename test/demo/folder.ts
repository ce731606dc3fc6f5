/** A temporary folder for one test, with files made from a list, removed when the test ends. */

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

export async function makeFolder(
  t: TestContext,
  files: Record<string, string | Uint8Array>,
): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'barewire-demo-')))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  return folder
}
