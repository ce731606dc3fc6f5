/** Requirements of server/prompts. */

import { pageOf, requirementsOf } from './requirement.ts'

export const prompts = requirementsOf(pageOf('server/prompts'), [
  ['prompts.capability', 'MUST', 'capabilities', 'a server with prompts declares the prompts capability'],
  [
    'prompts.list-changed',
    'SHOULD',
    'list-changed-notification',
    'a change of the prompt list is notified to sessions that were told so',
  ],
  ['prompts.image-base64', 'MUST', 'image-content', 'image data in a message is base64'],
  ['prompts.image-mime-type', 'MUST', 'image-content', 'an image in a message has its MIME type'],
  ['prompts.audio-base64', 'MUST', 'audio-content', 'audio data in a message is base64'],
  ['prompts.audio-mime-type', 'MUST', 'audio-content', 'audio in a message has its MIME type'],
  ['prompts.embedded-uri', 'MUST', 'embedded-resources', 'an embedded resource has its URI'],
  [
    'prompts.embedded-mime-type',
    'MUST',
    'embedded-resources',
    'an embedded resource has the MIME type it was given',
  ],
  [
    'prompts.embedded-contents',
    'MUST',
    'embedded-resources',
    'an embedded resource has text, or a base64 blob',
  ],
  ['prompts.unknown-name', 'SHOULD', 'error-handling', 'an unknown prompt is answered with -32602'],
  [
    'prompts.missing-arguments',
    'SHOULD',
    'error-handling',
    'a missing required argument is answered with -32602',
  ],
  [
    'prompts.internal-error',
    'SHOULD',
    'error-handling',
    'a failure of a prompt handler is answered with -32603',
  ],
  [
    'prompts.arguments-validated',
    'SHOULD',
    'implementation-considerations',
    'arguments are checked before the handler runs',
  ],
  [
    'prompts.capability-respected',
    'SHOULD',
    'implementation-considerations',
    'a server without prompts declares no prompts and notifies of none',
  ],
  [
    'prompts.inputs-outputs-validated',
    'MUST',
    'security',
    'arguments that are not strings are refused, and a message of a wrong shape is not sent',
  ],
])
