/** Requirements of basic/lifecycle. */

import { pageOf, requirementsOf } from './requirement.ts'

export const lifecycle = requirementsOf(pageOf('basic/lifecycle'), [
  [
    'lifecycle.initialization-first',
    'MUST',
    'initialization',
    'nothing is served to a client that has not initialized',
  ],
  [
    'lifecycle.initialize-answer',
    'MUST',
    'initialization',
    'initialize is answered with the capabilities and information of the server',
  ],
  [
    'lifecycle.quiet-before-initialized',
    'SHOULD NOT',
    'initialization',
    'before notifications/initialized the server sends no request but ping',
  ],
  [
    'lifecycle.version-same',
    'MUST',
    'version-negotiation',
    'a supported requested version is answered with the same version',
  ],
  [
    'lifecycle.version-other',
    'MUST',
    'version-negotiation',
    'an unsupported requested version is answered with a version that is supported',
  ],
  [
    'lifecycle.version-latest',
    'SHOULD',
    'version-negotiation',
    'that version is the latest one that has a handshake',
  ],
  [
    'lifecycle.respects-version',
    'MUST',
    'operation',
    'in a session the server uses only what the negotiated revision has',
  ],
  [
    'lifecycle.negotiated-only',
    'MUST',
    'operation',
    'a request that needs a capability the client did not declare is never sent',
  ],
  [
    'lifecycle.request-timeout',
    'SHOULD',
    'timeouts',
    'a request to the client that stays unanswered is given up after a time limit',
  ],
  [
    'lifecycle.timeout-cancels',
    'SHOULD',
    'timeouts',
    'giving a request up sends notifications/cancelled for it',
  ],
  ['lifecycle.timeout-per-request', 'SHOULD', 'timeouts', 'the time limit can be set for a single request'],
  [
    'lifecycle.timeout-maximum',
    'SHOULD',
    'timeouts',
    'progress from the client does not put the time limit off for ever',
  ],
  [
    'lifecycle.handles-version-mismatch',
    'SHOULD',
    'error-handling',
    'a client whose version is unknown or malformed gets a clear answer, and no session is lost over it',
  ],
  [
    'lifecycle.handles-missing-capability',
    'SHOULD',
    'error-handling',
    'a handler that needs an undeclared capability fails with an error that names it',
  ],
  [
    'lifecycle.handles-timeouts',
    'SHOULD',
    'error-handling',
    'a timed-out request rejects in the handler, and the session goes on',
  ],
])
