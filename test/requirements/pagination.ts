/** Requirements of server/utilities/pagination. */

import { pageOf, requirementsOf } from './requirement.ts'

export const pagination = requirementsOf(pageOf('server/utilities/pagination'), [
  [
    'pagination.stable-cursors',
    'SHOULD',
    'implementation-guidelines',
    'a cursor leads to the same place when it is used again, and pages neither repeat nor skip',
  ],
  [
    'pagination.invalid-cursor-graceful',
    'SHOULD',
    'implementation-guidelines',
    'an invalid cursor harms nothing: the session and the next list go on',
  ],
  [
    'pagination.invalid-cursor-error',
    'SHOULD',
    'error-handling',
    'an invalid cursor is answered with -32602',
  ],
])
