/** Behind a real Caddy, as Debian has it, with the recipe's one directive. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { certificate } from '../helpers/certificate.ts'
import { needs } from '../helpers/needs.ts'
import {
  checkDisconnect,
  checkHostAndOrigin,
  checkHttp2,
  checkPortable,
  checkProgress,
  type StartProxy,
} from './proxy-checks.ts'
import { startProgram } from './proxy-program.ts'

/** A site whose name is not asked for, so that a test can ask for any. */
const caddy =
  (tls: boolean): StartProxy =>
  async (t, upstream) => {
    const port = await startProgram(t, {
      name: 'caddy',
      configuration: (folder, port) => {
        writeFileSync(join(folder, 'key.pem'), certificate().key)
        writeFileSync(join(folder, 'cert.pem'), certificate().cert)
        return `{
  admin off
  auto_https disable_redirects
  storage file_system ${folder}
}
${tls ? 'https' : 'http'}://:${port} {
  bind 127.0.0.1
  ${tls ? `tls ${folder}/cert.pem ${folder}/key.pem` : ''}
  reverse_proxy 127.0.0.1:${upstream}
}
`
      },
      args: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
    })
    const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
    return { origin, certificate: tls ? certificate().cert : undefined }
  }

describe('behind Caddy', { ...needs('caddy'), timeout: 120_000 }, () => {
  test('everything that is portable works', (t) => checkPortable(t, caddy(false)))
  test('progress arrives before the next message is sent, in both eras', (t) =>
    checkProgress(t, caddy(false)))
  test('with TLS and HTTP/2 towards the client, events arrive one by one, and RST_STREAM cancels the call', (t) =>
    checkHttp2(t, caddy(true)))
  test('a client that disconnects cancels its call: stateless at once, with a session after disconnectGraceMs', (t) =>
    checkDisconnect(t, caddy(false)))
  test('Host and Origin are those of the client', (t) => checkHostAndOrigin(t, caddy(false)))
})
