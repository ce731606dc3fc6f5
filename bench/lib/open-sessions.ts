/** Opening sessions of a contender by the thousand, in the load process. */

import type { Contender } from '../contenders/index.ts'
import type { CreateSessions } from '../load/sessions.ts'
import type { LoadProcess } from './process.ts'

/** For servers that wait, not work, while a session is opened. */
const MANY_CONNECTIONS = 256

/**
 * Opens a group of sessions.
 *
 * @returns the time that it took, in milliseconds
 */
export function openSessions(
  load: LoadProcess,
  contender: Contender,
  options: Omit<CreateSessions, 'version' | 'connections' | 'complete'> & { readonly complete?: boolean },
): Promise<number> {
  const { version, slowToOpen } = contender
  return load.call('createSessions', {
    complete: true,
    ...options,
    ...(version !== undefined && { version }),
    ...(slowToOpen === true && { connections: MANY_CONNECTIONS }),
  } satisfies CreateSessions)
}
