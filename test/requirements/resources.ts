/** Requirements of server/resources. */

import { because, pageOf, requirementsOf } from './requirement.ts'

export const resources = requirementsOf(pageOf('server/resources'), [
  [
    'resources.capability',
    'MUST',
    'capabilities',
    'a server with resources declares the resources capability',
  ],
  [
    'resources.list-changed',
    'SHOULD',
    'list-changed-notification',
    'a change of the resource list is notified to sessions that were told so',
  ],
  [
    'resources.https-scheme',
    'SHOULD',
    'https%3A%2F%2F',
    'https URIs are used only for what the client can load by itself',
    because.application,
  ],
  [
    'resources.https-scheme-otherwise',
    'SHOULD',
    'https%3A%2F%2F',
    'another scheme is used otherwise',
    because.application,
  ],
  [
    'resources.custom-scheme',
    'MUST',
    'custom-uri-schemes',
    'a resource whose URI is not one of RFC 3986 is refused when it is registered',
  ],
  ['resources.not-found', 'SHOULD', 'error-handling', 'reading an unknown resource is answered with -32002'],
  ['resources.internal-error', 'SHOULD', 'error-handling', 'a failure while reading is answered with -32603'],
  [
    'resources.uri-validated',
    'MUST',
    'security-considerations',
    'a URI that is not a string or not a URI is refused before any handler sees it',
  ],
  [
    'resources.access-control',
    'SHOULD',
    'security-considerations',
    'a resource can be withheld from a caller, who can neither list nor read it',
  ],
  [
    'resources.binary-encoded',
    'MUST',
    'security-considerations',
    'binary contents are sent base64-encoded and decode to the same bytes',
  ],
  [
    'resources.permissions-checked',
    'SHOULD',
    'security-considerations',
    'reading and subscribing check permission each time, before the handler runs',
  ],
])
