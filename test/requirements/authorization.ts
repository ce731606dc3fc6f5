/**
 * Requirements of authorization: what binds a server, as the resource server of OAuth, in the three revisions that have
 * it, in RFC 9728, and in the DPoP extension.
 *
 * Not here: what binds clients and authorization servers.
 */

import { because, pageOf, type Row, requirementsOf } from './requirement.ts'

const security = 'security-considerations'
const upstream = 'barewire sends nothing to other servers but questions about tokens to their own issuer'

/** What all revisions say, under the ids of one of them. */
function common(prefix: string, anchors: { readonly [what: string]: string }): readonly Row[] {
  const {
    metadata = '',
    location = '',
    requirements = '',
    handling = '',
    errors = '',
    binding = '',
    restriction = '',
  } = anchors
  return [
    [
      `${prefix}.conform`,
      'SHOULD',
      'protocol-requirements',
      'real clients go through the whole flow over HTTP',
    ],
    [`${prefix}.metadata`, 'MUST', metadata, 'the server has protected resource metadata (RFC 9728)'],
    [`${prefix}.metadata-servers`, 'MUST', location, 'the metadata name at least one authorization server'],
    [`${prefix}.token-requirements`, 'MUST', requirements, 'tokens are taken from the Authorization header'],
    [`${prefix}.no-query-token`, 'MUST NOT', requirements, 'a token in the query is not looked at'],
    [`${prefix}.every-request`, 'MUST', requirements, 'each request of a session needs a token of its own'],
    [`${prefix}.token-validated`, 'MUST', handling, 'a token that is not valid gets nothing'],
    [`${prefix}.audience`, 'MUST', handling, 'a token for another audience is refused'],
    [`${prefix}.error-handling`, 'MUST', handling, 'a refusal has the status and the challenge of RFC 6750'],
    [`${prefix}.invalid-401`, 'MUST', handling, 'an invalid and an expired token get 401'],
    [`${prefix}.no-other-tokens`, 'MUST NOT', handling, 'a token of another issuer is refused'],
    [`${prefix}.statuses`, 'MUST', errors, '401, 403 and 400 mean what the table says'],
    [`${prefix}.audience-binding`, 'MUST', binding, 'a token without an audience is refused'],
    [`${prefix}.restriction`, 'MUST', restriction, 'a token is validated before the request is processed'],
    [`${prefix}.oauth-validation`, 'MUST', restriction, 'tokens are validated as OAuth 2.1 section 5.2 says'],
    [`${prefix}.only-intended`, 'MUST', restriction, 'a token whose audience is not this server is refused'],
    [`${prefix}.no-passthrough`, 'MUST NOT', restriction, 'tokens are not sent on', upstream],
    [
      `${prefix}.secure-storage`,
      'MUST',
      'token-theft',
      'nothing that is kept, logged or answered has a token in it',
    ],
    [
      `${prefix}.https`,
      'MUST',
      'communication-security',
      'a resource or an issuer with http is refused at construction',
    ],
    [
      `${prefix}.proxy-consent`,
      'MUST',
      'confused-deputy-problem',
      'a proxy with a static client asks its users for consent',
      because.application,
    ],
  ]
}

const inOnePage = {
  metadata: 'overview',
  location: 'authorization-server-location',
  requirements: 'token-requirements',
  handling: 'token-handling',
  errors: 'error-handling',
  binding: 'token-audience-binding-and-validation',
  restriction: 'access-token-privilege-restriction',
}

const of20250618 = requirementsOf(pageOf('basic/authorization', '2025-06-18'), [
  ...common('authorization-2025-06-18', inOnePage),
  [
    'authorization-2025-06-18.www-authenticate',
    'MUST',
    'authorization-server-location',
    'a 401 names the metadata in WWW-Authenticate',
  ],
  [
    'authorization-2025-06-18.resource-case',
    'SHOULD',
    'canonical-server-uri',
    'scheme and host of an audience are taken in upper case too',
  ],
  [
    'authorization-2025-06-18.resource-slash',
    'SHOULD',
    'canonical-server-uri',
    'a resource without a path is the same with and without its slash',
  ],
])

/** What is new in 2025-11-25, and stayed. */
function scopes(
  prefix: string,
  anchors: { readonly discovery: string; readonly selection: string },
): readonly Row[] {
  const handling = 'runtime-insufficient-scope-errors'
  return [
    [
      `${prefix}.discovery`,
      'MUST',
      anchors.discovery,
      'the metadata are found by the challenge, and at the well-known places',
    ],
    [`${prefix}.scope-parameter`, 'SHOULD', anchors.selection, 'a 401 says which scopes to ask for'],
    [
      `${prefix}.scope-consistency`,
      'SHOULD',
      anchors.selection,
      'the scopes of a challenge are made the same way for each operation',
    ],
    [
      `${prefix}.resource-case`,
      'SHOULD',
      'canonical-server-uri',
      'scheme and host of an audience are taken in upper case too',
    ],
    [
      `${prefix}.resource-slash`,
      'SHOULD',
      'canonical-server-uri',
      'a resource without a path is the same with and without its slash',
    ],
    [
      `${prefix}.insufficient-scope`,
      'SHOULD',
      handling,
      'an operation whose scope is missing is 403 with insufficient_scope, scope and resource_metadata',
    ],
    [`${prefix}.inclusion-consistency`, 'SHOULD', handling, 'every 403 has what is needed and what is there'],
    [
      `${prefix}.scopes-in-challenge`,
      'SHOULD',
      handling,
      'the challenge has the scopes that the operation needs',
    ],
    [
      `${prefix}.user-experience`,
      'SHOULD',
      handling,
      'scopes are chosen with the people in mind who agree to them',
      because.application,
    ],
  ]
}

const of20251125 = requirementsOf(pageOf('basic/authorization', '2025-11-25'), [
  ...common('authorization-2025-11-25', inOnePage),
  ...scopes('authorization-2025-11-25', {
    discovery: 'protected-resource-metadata-discovery-requirements',
    selection: 'protected-resource-metadata-discovery-requirements',
  }),
])

const page = 'basic/authorization'
const of20260728 = [
  ...requirementsOf(pageOf(page, '2026-07-28'), [
    ...common('authorization', {
      ...inOnePage,
      location: 'authorization-server-discovery',
      binding: security,
      restriction: security,
    }),
    ...scopes('authorization', {
      discovery: 'authorization-server-discovery',
      selection: 'scope-selection-strategy',
    }),
    [
      'authorization.only-own',
      'MUST',
      'token-handling',
      'a token is accepted only where it is valid for this resource',
    ],
    [
      'authorization.no-offline-access',
      'SHOULD NOT',
      'refresh-tokens',
      'offline_access is in no challenge and not in the metadata',
    ],
    [
      'authorization.single-challenge',
      'SHOULD',
      'runtime-insufficient-scope-errors',
      'all scopes of an operation are in one challenge',
    ],
    [
      'authorization.hierarchy',
      'MUST',
      'step-up-authorization-flow',
      'a scope that implies another one is enough for it',
    ],
    [
      'authorization.security',
      'MUST',
      security,
      'what binds a server on the page of security considerations holds',
    ],
  ]),
  ...requirementsOf(
    'https://github.com/modelcontextprotocol/ext-auth/blob/main/specification/draft/oauth-client-credentials.mdx',
    [
      [
        'authorization.client-credentials',
        'MUST',
        '',
        'a token of client credentials is accepted, and speaks for the client',
      ],
    ],
  ),
]

const rfc9728 = requirementsOf('https://www.rfc-editor.org/rfc/rfc9728', [
  ['rfc9728.well-known', 'MUST', 'section-3', 'the metadata are a JSON document at the well-known place'],
  ['rfc9728.path-insertion', 'MUST', 'section-3.1', 'the well-known part stands between host and path'],
  ['rfc9728.get', 'MUST', 'section-3.1', 'the document is read with GET'],
  ['rfc9728.response', 'MUST', 'section-3.2', 'the answer is 200 and application/json'],
  ['rfc9728.no-empty-values', 'MUST', 'section-3.2', 'a member that would have no values is left out'],
  [
    'rfc9728.resource-value',
    'MUST',
    'section-3.3',
    'resource is exactly what was configured, whatever the request says',
  ],
  [
    'rfc9728.resource-metadata-parameter',
    'MUST',
    'section-5.1',
    'resource_metadata in a challenge is the URL of the document',
  ],
])

const dpop = requirementsOf(
  'https://github.com/modelcontextprotocol/ext-auth/blob/pieterkas-dpop-extension/specification/draft/dpop-extension.mdx',
  [
    ['authorization.dpop-proof-validated', 'MUST', '', 'proofs are validated as RFC 9449 section 4.3 says'],
    ['authorization.dpop-iat-window', 'MUST', '', 'iat of a proof is within five minutes'],
    [
      'authorization.dpop-proof-401',
      'MUST',
      '',
      'a proof that fails is 401 with a challenge of the scheme DPoP',
    ],
    ['authorization.dpop-asymmetric', 'MUST', '', 'symmetric algorithms and none are refused'],
    ['authorization.dpop-nonce', 'SHOULD', '', 'on request, proofs need a nonce of the server'],
    ['authorization.dpop-audience', 'MUST', '', 'a bound token is for this resource, too'],
    ['authorization.dpop-jti', 'SHOULD', '', 'a proof is good once'],
  ],
)

export const authorization = [...of20250618, ...of20251125, ...of20260728, ...rfc9728, ...dpop]
