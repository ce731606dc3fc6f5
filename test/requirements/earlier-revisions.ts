/**
 * What 2025-03-26 and 2025-06-18 ask of a server and 2025-11-25 does not, or says differently, and the transport that
 * 2024-11-05 has over HTTP. Everything else in their pages is the same, or weaker, and is proved by the requirements of
 * 2025-11-25.
 */

import { pageOf, requirementsOf } from './requirement.ts'

const oldest = '2024-11-05'
const first = '2025-03-26'
const second = '2025-06-18'

export const earlierRevisions = [
  ...requirementsOf(pageOf('basic/transports', oldest), [
    [
      'v2024-11-05.sse-endpoints',
      'MUST',
      'http-with-sse',
      'HTTP+SSE has an endpoint for the stream, and one that takes messages by POST',
    ],
    [
      'v2024-11-05.endpoint-event',
      'MUST',
      'http-with-sse',
      'a stream of HTTP+SSE begins with an endpoint event, whose URI takes the messages of the client',
    ],
    ['v2024-11-05.sse-origin', 'MUST', 'security-warning', 'the Origin of each connection is checked'],
    ['v2024-11-05.sse-auth', 'SHOULD', 'security-warning', 'both endpoints ask for credentials'],
  ]),
  ...requirementsOf(pageOf('basic/lifecycle', oldest), [
    [
      'v2024-11-05.sse-version',
      'MUST',
      'version-negotiation',
      'initialize over HTTP+SSE is answered with the version that was asked for, if it is supported',
    ],
  ]),
  ...requirementsOf(pageOf('basic', first), [
    ['v2025-03-26.batch-received', 'MUST', 'batching', 'a batch is served'],
    [
      'v2025-03-26.result-xor-error',
      'MUST NOT',
      'responses',
      'no response has both a result and an error, and none has neither',
    ],
  ]),
  ...requirementsOf(pageOf('basic/transports', first), [
    [
      'v2025-03-26.batch-of-responses',
      'MUST',
      'sending-messages-to-the-server',
      'a batch of responses settles each request of the server that it names',
    ],
    [
      'v2025-03-26.batch-202',
      'MUST',
      'sending-messages-to-the-server',
      'a batch of notifications or responses is answered with 202 and no body',
    ],
    [
      'v2025-03-26.batch-http-error',
      'MUST',
      'sending-messages-to-the-server',
      'a batch that cannot be accepted gets an HTTP error status',
    ],
    [
      'v2025-03-26.batch-answer-type',
      'MUST',
      'sending-messages-to-the-server',
      'a batch with requests is answered as JSON or as an event stream',
    ],
    [
      'v2025-03-26.batch-response-each',
      'SHOULD',
      'sending-messages-to-the-server',
      'a batch is answered with one response for each of its requests',
    ],
    [
      'v2025-03-26.stream-awaits-responses',
      'SHOULD NOT',
      'sending-messages-to-the-server',
      'the stream of a batch is not closed before all its responses were sent',
    ],
    [
      'v2025-03-26.stream-closes-after-all',
      'SHOULD',
      'sending-messages-to-the-server',
      'the stream of a batch is closed after its last response',
    ],
  ]),
  ...requirementsOf(pageOf('basic/lifecycle', first), [
    [
      'v2025-03-26.initialize-not-in-batch',
      'MUST NOT',
      'initialization',
      'initialize inside a batch is refused and no session begins',
    ],
  ]),
  ...requirementsOf(pageOf('basic', second), [
    [
      'v2025-06-18.result-xor-error',
      'MUST NOT',
      'responses',
      'no response has both a result and an error, and none has neither',
    ],
  ]),
  ...requirementsOf(pageOf('basic/transports', second), [
    [
      'v2025-06-18.single-message-body',
      'MUST',
      'sending-messages-to-the-server',
      'a POST body that is an array is refused',
    ],
    [
      'v2025-06-18.stream-awaits-response',
      'SHOULD NOT',
      'sending-messages-to-the-server',
      'the stream is not closed before the response was sent, unless the session ends',
    ],
  ]),
  ...requirementsOf(pageOf('client/elicitation', second), [
    [
      'v2025-06-18.elicitation-content',
      'SHOULD',
      'security-considerations',
      'accepted content is checked against the requested schema',
    ],
  ]),
]
