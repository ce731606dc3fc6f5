/** Requirements of 2026-07-28 on servers that ask: client/elicitation, client/sampling, client/roots. */

import { because, pageOf, requirementsOf } from './requirement.ts'

const revision = '2026-07-28'
const thirdParty = 'authorization with third parties, and the page behind the URL, belong to the application'
const stillUsed = 'session-era clients use it and one definition serves both eras; handlers need not'

export const statelessClient = [
  ...requirementsOf(pageOf('client/elicitation', revision), [
    [
      'stateless.form-not-sensitive',
      'MUST NOT',
      'user-interaction-model',
      'forms ask for no secrets',
      because.application,
    ],
    [
      'stateless.sensitive-by-url',
      'MUST',
      'user-interaction-model',
      'secrets are asked for by URL only',
      because.application,
    ],
    ['stateless.elicit-modes', 'MUST NOT', 'capabilities', 'a mode that was not declared is not sent'],
    ['stateless.elicit-message', 'MUST', 'elicitation-requests', 'every request has a message'],
    [
      'stateless.elicit-form',
      'MUST',
      'form-mode-elicitation-requests',
      'a form has mode form or none, and a requestedSchema',
    ],
    [
      'stateless.elicit-url',
      'MUST',
      'url-mode-elicitation-requests',
      'a URL request has mode url, a message and a url',
    ],
    ['stateless.elicit-url-valid', 'MUST', 'url-mode-elicitation-requests', 'a url that is none is not sent'],
    [
      'stateless.elicit-state',
      'MUST',
      'statefulness',
      'state of a call is bound to its user and closed to everybody else',
    ],
    [
      'stateless.elicit-identity',
      'MUST',
      'statefulness',
      'the user is known by credentials, not by what the client says',
    ],
    [
      'stateless.elicit-not-authorization',
      'MUST NOT',
      'url-mode-elicitation-for-oauth-flows',
      'URL mode does not authorize users for the server itself',
      thirdParty,
    ],
    [
      'stateless.elicit-third-party',
      'MUST',
      'understanding-the-distinction',
      'credentials of third parties do not pass through the client',
      thirdParty,
    ],
    ['stateless.elicit-refused', 'MUST', 'error-handling', 'a handler learns of decline and cancel'],
    ['stateless.elicit-assumed', 'SHOULD NOT', 'error-handling', 'an answer may never come'],
    [
      'stateless.elicit-bound',
      'MUST',
      'security-considerations',
      'a question is bound to its client and user',
    ],
    [
      'stateless.elicit-url-content',
      'MUST NOT',
      'safe-url-handling',
      'URLs hold nothing sensitive and open nothing by themselves',
      because.application,
    ],
    [
      'stateless.elicit-url-form',
      'SHOULD',
      'safe-url-handling',
      'URLs are https, and not in forms',
      because.application,
    ],
    [
      'stateless.elicit-claimed',
      'MUST NOT',
      'identifying-the-user',
      'what the client says of its user is not relied on',
    ],
    ['stateless.elicit-validated', 'SHOULD', 'form-mode-security', 'what a form brings is checked'],
    [
      'stateless.elicit-phishing',
      'MUST',
      'phishing',
      'who opens the URL is the one who was asked',
      thirdParty,
    ],
  ]),
  ...requirementsOf(pageOf('client/sampling', revision), [
    ['stateless.sampling-adopted', 'SHOULD NOT', '', 'new servers do not sample', stillUsed],
    ['stateless.sampling-tools', 'MUST NOT', 'tools-in-sampling', 'tools are sent to who declared them'],
    ['stateless.sampling-context', 'SHOULD NOT', 'capabilities', 'includeContext is sent to who declared it'],
    ['stateless.sampling-results', 'MUST', 'tool-result-messages', 'tool results stand alone in a message'],
    ['stateless.sampling-balance', 'MUST', 'tool-use-and-result-balance', 'every tool use has its result'],
    ['stateless.sampling-roles', 'MUST', 'messages', 'a message has the role user or assistant'],
    ['stateless.sampling-content', 'SHOULD', 'security-considerations', 'the answer is checked'],
    [
      'stateless.sampling-sensitive',
      'MUST',
      'security-considerations',
      'sensitive data is handled with care',
      because.application,
    ],
    [
      'stateless.sampling-iterations',
      'SHOULD',
      'security-considerations',
      'loops over tools are limited',
      because.application,
    ],
  ]),
  ...requirementsOf(pageOf('client/roots', revision), [
    ['stateless.roots-adopted', 'SHOULD NOT', '', 'new servers do not ask for roots', stillUsed],
    [
      'stateless.roots-unavailable',
      'SHOULD',
      'security-considerations',
      'roots that are none are not believed',
    ],
    [
      'stateless.roots-boundaries',
      'SHOULD',
      'security-considerations',
      'a server keeps within the roots',
      because.application,
    ],
    [
      'stateless.roots-declared',
      'SHOULD',
      'implementation-guidelines',
      'roots are asked of who declared them',
    ],
    ['stateless.roots-kept', 'SHOULD', 'implementation-guidelines', 'roots are asked for once in a call'],
  ]),
]
