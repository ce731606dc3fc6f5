/**
 * An nginx of the test's own: its configuration, its files and its port are there for one test, and gone after it.
 *
 * Everything that is not in the text of the `server` block is as nginx has it by default, buffering above all.
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../helpers/free-port.ts'
import { program } from '../helpers/needs.ts'
import { untilListening } from '../helpers/until-listening.ts'

export interface Nginx {
  readonly port: number
  readonly origin: string
  /** Of a server with TLS: what clients have to trust. */
  readonly certificate: Buffer | undefined
}

export interface NginxOptions {
  /** What is in the `server` block, beside `listen`. */
  readonly server: string
  /** What is beside the `server` block. */
  readonly http?: string
  /** With TLS, and HTTP/2 towards the client. */
  readonly tls?: boolean
}

const ATTEMPTS = 5

export async function startNginx(t: TestContext, options: NginxOptions): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-nginx-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const certificate = options.tls === true ? makeCertificate(folder) : undefined
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, configuration(folder, port, options))
    // Not as a daemon, and in one process: it ends when it is told to, with all that belongs to it.
    const args = ['-c', file, '-p', folder, '-e', 'stderr', '-g', 'daemon off; master_process off;']
    const child = spawn(program('nginx'), args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr?.on('data', (bytes) => {
      errors += bytes
    })
    if (await untilListening(port, () => child.exitCode !== null)) {
      t.after(async () => {
        child.kill('SIGTERM')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      })
      const scheme = certificate === undefined ? 'http' : 'https'
      return { port, origin: `${scheme}://127.0.0.1:${port}`, certificate }
    }
    child.kill('SIGKILL')
    // Another process may have taken the port in the meantime.
    if (attempt === ATTEMPTS || !errors.includes('Address already in use')) {
      throw new Error(`nginx does not start:\n${errors}`)
    }
  }
}

function configuration(folder: string, port: number, { server, http = '', tls }: NginxOptions): string {
  const secured = `ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;`
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `worker_processes 1;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${kept.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${http}
  server {
    listen 127.0.0.1:${port}${tls === true ? ' ssl http2' : ''};
    ${tls === true ? secured : ''}
    ${server}
  }
}
`
}

function makeCertificate(folder: string): Buffer {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync(program('openssl'), ['req', ...kind, ...files, ...names], { stdio: 'ignore' })
  return readFileSync(join(folder, 'cert.pem'))
}
