/**
 * Behind a real HAProxy, as Debian has it: a balancer that, like those of clouds, reads HTTP, has an idle limit and knows
 * nothing of event streams.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { certificate } from '../helpers/certificate.ts'
import { needs } from '../helpers/needs.ts'
import {
  checkDisconnect,
  checkHostAndOrigin,
  checkHttp2,
  checkIdleLimit,
  checkPortable,
  checkProgress,
  type StartProxy,
} from './proxy-checks.ts'
import { startProgram } from './proxy-program.ts'

const haproxy =
  ({ tls = false, idle = '60s' }: { tls?: boolean; idle?: string } = {}): StartProxy =>
  async (t, upstream) => {
    const port = await startProgram(t, {
      name: 'haproxy',
      configuration: (folder, port) => {
        const { key, cert } = certificate()
        const file = join(folder, 'both.pem')
        writeFileSync(file, `${cert}${key}`)
        return `defaults
  mode http
  option abortonclose
  timeout connect 5s
  timeout client ${idle}
  timeout server ${idle}
frontend public
  bind 127.0.0.1:${port}${tls ? ` ssl crt ${file} alpn h2,http/1.1` : ''}
  default_backend mcp
backend mcp
  server one 127.0.0.1:${upstream}
`
      },
      args: (file) => ['-db', '-f', file],
    })
    const origin = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
    return { origin, certificate: tls ? certificate().cert : undefined }
  }

describe('behind HAProxy', { ...needs('haproxy'), timeout: 120_000 }, () => {
  test('everything that is portable works', (t) => checkPortable(t, haproxy()))
  test('progress arrives before the next message is sent, in both eras', (t) => checkProgress(t, haproxy()))
  test('with TLS and HTTP/2 towards the client, events arrive one by one, and RST_STREAM cancels the call', (t) =>
    checkHttp2(t, haproxy({ tls: true })))
  test('a client that disconnects cancels its call: stateless at once, with a session after disconnectGraceMs', (t) =>
    checkDisconnect(t, haproxy()))
  test('GET streams live longer than the idle limit by their comments, and end without', (t) =>
    checkIdleLimit(t, haproxy({ idle: '2s' })))
  test('Host and Origin are those of the client', (t) => checkHostAndOrigin(t, haproxy()))
})
