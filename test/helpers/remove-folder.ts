import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const ATTEMPTS = 50
const PAUSE_MS = 100

/**
 * Removes what a program kept. Its own children may still write there for a moment after it has ended, so it is tried
 * again from the start: `maxRetries` of `rm` would try to remove the folder only, and not what has come into it since.
 */
export async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rm(folder, { recursive: true, force: true })
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await delay(PAUSE_MS)
    }
  }
}
