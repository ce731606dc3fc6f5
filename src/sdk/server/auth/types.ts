/** `server/auth/types.js`. Types only. */

export type { AuthInfo } from '../../types/auth-info.ts'
