/** Requirements of server/utilities/logging. */

import { because, pageOf, requirementsOf } from './requirement.ts'

export const logging = requirementsOf(pageOf('server/utilities/logging'), [
  [
    'logging.capability',
    'MUST',
    'capabilities',
    'a server whose handlers may log declares the logging capability',
  ],
  [
    'logging.invalid-level',
    'SHOULD',
    'error-handling',
    'an unknown level is answered with -32602 and changes nothing',
  ],
  [
    'logging.configuration-error',
    'SHOULD',
    'error-handling',
    'a failure while setting the level is answered with -32603',
  ],
  [
    'logging.rate-limited',
    'SHOULD',
    'implementation-considerations',
    'log messages of a call above its rate are omitted, and their number is reported',
  ],
  [
    'logging.data-context',
    'SHOULD',
    'implementation-considerations',
    'the data that a handler logs arrives as it is, objects included',
  ],
  [
    'logging.logger-names',
    'SHOULD',
    'implementation-considerations',
    'the logger name that a handler gives is sent unchanged',
  ],
  [
    'logging.sensitive-removed',
    'SHOULD',
    'implementation-considerations',
    'sensitive information is removed from what is logged',
    because.application,
  ],
  [
    'logging.no-credentials',
    'MUST NOT',
    'security',
    'barewire puts no header of a request, and so no token, into a log message',
  ],
  [
    'logging.no-personal-data',
    'MUST NOT',
    'security',
    'log messages hold no personal information',
    because.application,
  ],
  [
    'logging.no-internals',
    'MUST NOT',
    'security',
    'an unexpected throw is not logged to the client, nor is its stack',
  ],
  ['logging.rate-limiting', 'SHOULD', 'security', 'log messages of a call are limited in rate'],
  [
    'logging.fields-validated',
    'SHOULD',
    'security',
    'data that cannot be serialized is not sent and breaks nothing',
  ],
  ['logging.access-controlled', 'SHOULD', 'security', 'what is logged in one session reaches no other'],
  [
    'logging.monitored',
    'SHOULD',
    'security',
    'log messages are watched for sensitive content',
    because.application,
  ],
])
