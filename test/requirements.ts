/**
 * The manifest: every MUST, MUST NOT, SHOULD and SHOULD NOT that the specification puts on a server, of
 * the session era and of the stateless era, page by page, in our own words. What barewire does not meet says why.
 *
 * A test cites a requirement in its title, `test('a foreign Origin is refused [transports.origin-validated]', ...)`,
 * or in a table of cases as `requirement: 'transports.origin-validated'`. requirements.test.ts holds both sides
 * against each other.
 *
 * Not here: rules that bind only clients, users and applications.
 */

import { authorization } from './requirements/authorization.ts'
import { basic } from './requirements/basic.ts'
import { cancellation } from './requirements/cancellation.ts'
import { completion } from './requirements/completion.ts'
import { earlierRevisions } from './requirements/earlier-revisions.ts'
import { elicitation } from './requirements/elicitation.ts'
import { jsonrpc } from './requirements/jsonrpc.ts'
import { lifecycle } from './requirements/lifecycle.ts'
import { logging } from './requirements/logging.ts'
import { pagination } from './requirements/pagination.ts'
import { ping } from './requirements/ping.ts'
import { progress } from './requirements/progress.ts'
import { prompts } from './requirements/prompts.ts'
import type { Requirement } from './requirements/requirement.ts'
import { resources } from './requirements/resources.ts'
import { roots } from './requirements/roots.ts'
import { sampling } from './requirements/sampling.ts'
import { sessionTasks } from './requirements/session-tasks.ts'
import { statelessBasic } from './requirements/stateless-basic.ts'
import { statelessClient } from './requirements/stateless-client.ts'
import { statelessHttp } from './requirements/stateless-http.ts'
import { statelessPatterns } from './requirements/stateless-patterns.ts'
import { statelessServer } from './requirements/stateless-server.ts'
import { statelessUtilities } from './requirements/stateless-utilities.ts'
import { tasksExtension } from './requirements/tasks-extension.ts'
import { tools } from './requirements/tools.ts'
import { transports } from './requirements/transports.ts'

export type { Level, Requirement } from './requirements/requirement.ts'

/** In the order of the specification. */
export const requirements: readonly Requirement[] = [
  ...basic,
  ...jsonrpc,
  ...transports,
  ...lifecycle,
  ...cancellation,
  ...progress,
  ...sessionTasks,
  ...ping,
  ...tools,
  ...resources,
  ...prompts,
  ...completion,
  ...logging,
  ...pagination,
  ...elicitation,
  ...sampling,
  ...roots,
  ...earlierRevisions,
  ...statelessBasic,
  ...statelessHttp,
  ...statelessPatterns,
  ...statelessServer,
  ...statelessUtilities,
  ...statelessClient,
  ...tasksExtension,
  ...authorization,
]
