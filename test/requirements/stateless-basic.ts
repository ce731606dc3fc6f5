/** Requirements of 2026-07-28: basic/index, basic/versioning, server/discover. */

import { because, pageOf, requirementsOf } from './requirement.ts'

const revision = '2026-07-28'
const noFetch = 'barewire never fetches a $ref, so there is no fetching to turn on or to limit'

export const statelessBasic = [
  ...requirementsOf(pageOf('basic/index', revision), [
    ['stateless.response-id', 'MUST', 'result-responses', 'a result has the id of its request, exactly'],
    ['stateless.result-type', 'MUST', 'result-responses', 'every result has a resultType'],
    ['stateless.result-type-known', 'MUST', 'resulttype', 'resultType is complete or input_required'],
    ['stateless.error-id', 'MUST', 'error-responses', 'an error has the id of its request if that was read'],
    ['stateless.error-form', 'MUST', 'error-responses', 'an error has an integer code and a message'],
    [
      'stateless.codes-legacy-range',
      'SHOULD NOT',
      'error-codes',
      'no code of -32000 to -32019 is used',
      '-32000 marks refusals of the HTTP level and of limits, for which no code is defined',
    ],
    [
      'stateless.codes-reserved',
      'MUST NOT',
      'error-codes',
      'undefined codes of -32020 to -32099 are not sent',
    ],
    ['stateless.codes-meaning', 'MUST', 'error-codes', '-32020 to -32022 are sent for what they mean'],
    ['stateless.codes-earlier', 'MUST NOT', 'error-codes', '-32002 and -32042 are not sent'],
    [
      'stateless.codes-of-applications',
      'SHOULD',
      'error-codes',
      'codes for other purposes are outside of the range that JSON-RPC reserves',
      because.application,
    ],
    ['stateless.notification-unanswered', 'MUST NOT', 'notifications', 'a notification gets no response'],
    [
      'stateless.no-prior-requests',
      'MUST NOT',
      'statelessness',
      'what a request says of its client does not outlive it, on the same connection neither',
    ],
    [
      'stateless.many-conversations',
      'SHOULD',
      'statelessness',
      'requests of many conversations are served side by side',
    ],
    [
      'stateless.any-connection',
      'SHOULD NOT',
      'statelessness',
      'a retry may come on another connection and to another process that has the same keys',
    ],
    [
      'stateless.state-by-identifier',
      'MUST',
      'statelessness',
      'state between requests is named by the request itself',
    ],
    [
      'stateless.schema-2020-12',
      'MUST',
      'implementation-requirements',
      'a schema without $schema is 2020-12',
    ],
    [
      'stateless.schema-dialect',
      'MUST',
      'implementation-requirements',
      'a schema is read by the dialect that it declares, and an unsupported one is refused by name',
    ],
    [
      'stateless.schema-documented',
      'SHOULD',
      'implementation-requirements',
      'the message that refuses a dialect says which ones are supported',
    ],
    ['stateless.schema-valid', 'MUST', 'schema-validation', 'a schema that is not valid is refused'],
    ['stateless.ref-not-fetched', 'MUST NOT', 'ref-resolution', 'a $ref to another document is not fetched'],
    ['stateless.ref-fetch-off', 'MUST', 'ref-resolution', 'fetching is off by default', noFetch],
    ['stateless.ref-fetch-limits', 'SHOULD', 'ref-resolution', 'fetching is limited', noFetch],
    ['stateless.ref-unresolved', 'SHOULD', 'ref-resolution', 'a schema with such a $ref is refused'],
    [
      'stateless.composition-limits',
      'SHOULD',
      'composition-keyword-resource-use',
      'the depth of a schema is limited',
    ],
    ['stateless.meta-keys', 'MUST', '_meta', 'keys of _meta that the server writes are well formed'],
    ['stateless.meta-unknown', 'MUST NOT', '_meta', 'nothing is assumed of other reserved keys of _meta'],
    ['stateless.envelope', 'MUST', '_meta', 'a request without a required member of _meta is -32602'],
    ['stateless.envelope-status', 'MUST', '_meta', 'its status is 400'],
    ['stateless.undeclared', 'MUST NOT', '_meta', 'what the client did not declare is not relied on'],
    [
      'stateless.missing-capability',
      'MUST',
      '_meta',
      'a request that needs more is -32021 with requiredCapabilities',
    ],
    ['stateless.missing-capability-status', 'MUST', '_meta', 'its status is 400'],
    [
      'stateless.server-info',
      'SHOULD',
      '_meta',
      'every result says which server made it, unless told not to',
    ],
    ['stateless.self-reported', 'SHOULD NOT', '_meta', 'who the client says it is changes no answer'],
    ['stateless.subscription-id', 'MUST', '_meta', 'what a subscription sends has its id in _meta'],
    ['stateless.trace', 'MUST', '_meta', 'trace context that is passed on has the form of its standard'],
  ]),
  ...requirementsOf(pageOf('basic/versioning', revision), [
    [
      'stateless.version-unsupported',
      'MUST',
      'protocol-version-negotiation',
      'a version that is not served is refused with those that are',
    ],
    ['stateless.discover', 'MUST', 'protocol-version-negotiation', 'server/discover is answered'],
    [
      'stateless.extension-fallback',
      'MUST',
      'extension-negotiation',
      'a client with extensions that the server does not know is served by the core protocol',
    ],
    [
      'stateless.initialize-names-versions',
      'SHOULD',
      'backward-compatibility-with-initialization-based-versions',
      'where no session revision is served, the error of initialize names the versions that are',
    ],
  ]),
]
