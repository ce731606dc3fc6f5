/** The client as it was built, for pages and other runtimes, and what must have happened there. */

import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleAnywhere } from '../../scripts/lib/bundle.ts'

const program = fileURLToPath(new URL('portable-program.mjs', import.meta.url))

/** A folder with the files of the package, and the program that uses them. */
export async function buildClient(): Promise<{ readonly folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-portable-'))
  await bundleAnywhere(folder, { source: 'client/index.ts', output: 'client' })
  copyFileSync(program, join(folder, 'program.mjs'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

export function checkOutcomes(outcomes: unknown): void {
  const common = {
    tools: ['add', 'fail', 'count', 'ask', 'region'],
    reports: [1, 2, 3],
    questions: ['who?'],
    answer: { action: 'accept', content: { name: 'Ann', age: 7 } },
    structuredContent: { sum: 3 },
    refused: true,
    aborted: 'ERR_REQUEST_ABORTED',
  }
  assert.deepEqual(outcomes, {
    '2026-07-28': { era: 'stateless', ...common },
    '2025-11-25': { era: 'session', ...common },
  })
}
