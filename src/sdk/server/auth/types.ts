/** `server/auth/types.js`: who sent a request, as `requireBearerAuth` found out. Types only. */

export type { AuthInfo } from '../../types/auth-info.ts'
