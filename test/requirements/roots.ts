/** Requirements of client/roots on a server that asks for them. */

import { pageOf, requirementsOf } from './requirement.ts'

const noFiles = 'barewire itself touches no files: what a handler opens is for the handler to check'

export const roots = requirementsOf(pageOf('client/roots'), [
  ['roots.file-uri', 'MUST', 'root', 'an answer with a root that is not a file URI is rejected'],
  [
    'roots.unavailable',
    'SHOULD',
    'security-considerations',
    'an error answer to roots/list rejects in the handler, which can go on',
  ],
  ['roots.boundaries', 'SHOULD', 'security-considerations', 'operations stay within the roots', noFiles],
  [
    'roots.paths-validated',
    'SHOULD',
    'security-considerations',
    'paths are checked against the roots',
    noFiles,
  ],
  [
    'roots.capability-checked',
    'SHOULD',
    'implementation-guidelines',
    'roots/list is not sent to a client without the roots capability',
  ],
  [
    'roots.changes-handled',
    'SHOULD',
    'implementation-guidelines',
    'after roots/list_changed the server sees the new roots',
  ],
  [
    'roots.cached',
    'SHOULD',
    'implementation-guidelines',
    'roots are cached',
    'each listRoots asks the client, so that no stale answer is used; a handler may keep it',
  ],
])
