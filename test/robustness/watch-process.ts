/**
 * Makes a test fail when anything reaches the process that a server must keep from it: an exception nobody caught,
 * a rejection nobody handled, a warning such as the one about too many listeners.
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

/** Said by Node about features of its own, not about what a program did. */
const ABOUT_NODE = new Set(['ExperimentalWarning', 'DeprecationWarning'])

/** Watches until the end of the test. Call it after what closes the server was registered, so that it sees that too. */
export function watchProcess(t: TestContext): void {
  const seen: string[] = []
  const exception = (error: unknown, origin: string) => seen.push(`${origin}: ${String(error)}`)
  const rejection = (reason: unknown) => seen.push(`unhandledRejection: ${String(reason)}`)
  const warning = (error: Error & { code?: string }) => {
    // What the library tells whoever runs it, such as a Host that was refused, is meant to be there.
    const isOwn = error.code?.startsWith('BAREWIRE_') === true
    if (!ABOUT_NODE.has(error.name) && !isOwn) seen.push(`warning: ${error.name}: ${error.message}`)
  }
  process.on('uncaughtExceptionMonitor', exception)
  process.on('unhandledRejection', rejection)
  process.on('warning', warning)
  t.after(async () => {
    // Rejections and warnings are told a turn after they happened.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    process.off('uncaughtExceptionMonitor', exception)
    process.off('unhandledRejection', rejection)
    process.off('warning', warning)
    assert.deepEqual(seen, [])
  })
}
