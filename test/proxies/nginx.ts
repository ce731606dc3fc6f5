/**
 * An nginx of the test's own.
 *
 * Everything that is not in the text of the `server` block is as nginx has it by default, buffering above all.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { certificate } from '../helpers/certificate.ts'
import { startProgram } from './proxy-program.ts'

export interface Nginx {
  readonly port: number
  readonly origin: string
  /** Of a server with TLS: what clients have to trust. */
  readonly certificate: string | undefined
}

export interface NginxOptions {
  /** What is in the `server` block, beside `listen`. */
  readonly server: string
  /** What is beside the `server` block. */
  readonly http?: string
  /** With TLS, and HTTP/2 towards the client. */
  readonly tls?: boolean
}

export async function startNginx(t: TestContext, options: NginxOptions): Promise<Nginx> {
  const tls = options.tls === true ? certificate() : undefined
  const port = await startProgram(t, {
    name: 'nginx',
    configuration: (folder, port) => {
      if (tls !== undefined) {
        writeFileSync(join(folder, 'key.pem'), tls.key)
        writeFileSync(join(folder, 'cert.pem'), tls.cert)
      }
      return configuration(folder, port, options)
    },
    args: (file, folder) => [
      '-c',
      file,
      '-p',
      folder,
      '-e',
      'stderr',
      '-g',
      'daemon off; master_process off;',
    ],
  })
  const scheme = tls === undefined ? 'http' : 'https'
  return { port, origin: `${scheme}://127.0.0.1:${port}`, certificate: tls?.cert }
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
