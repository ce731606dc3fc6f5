/**
 * nginx before nodes, round robin, as the recipe in scripts/examples/README.md has it: no sticky sessions, no buffering,
 * and a request that was sent to a node is never sent to another one.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../redis/server.ts'

/** Debian installs it where a user's PATH may not lead. */
const PATH = `${process.env['PATH']}:/usr/sbin`
const env = { ...process.env, PATH }

/** For the option `skip` of a test. */
export const noNginx: string | false =
  spawnSync('nginx', ['-v'], { env }).error === undefined
    ? false
    : 'nginx is not installed (Debian: apt-get install nginx)'

/** @returns the URL; it ends with the test */
export async function nginxFor(t: TestContext, nodes: readonly { readonly url: string }[]): Promise<string> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'barewire-nginx-'))
  mkdirSync(join(folder, 'temporary'))
  const config = join(folder, 'nginx.conf')
  writeFileSync(config, configOf(port, folder, nodes))
  const nginx = spawn('nginx', ['-p', folder, '-c', config, '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  })
  t.after(async () => {
    await stop(nginx)
    rmSync(folder, { recursive: true, force: true })
  })
  await untilListening(nginx, port)
  return `http://127.0.0.1:${port}/mcp`
}

function configOf(port: number, folder: string, nodes: readonly { readonly url: string }[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/temporary/${name};`).join('\n  ')}
  upstream nodes {
    ${nodes.map(({ url }) => `server ${new URL(url).host} max_fails=1 fail_timeout=1s;`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    location /mcp {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_next_upstream error timeout;
    }
  }
}
`
}

async function untilListening(nginx: ChildProcess, port: number): Promise<void> {
  const end = Date.now() + 10_000
  while (nginx.exitCode === null && Date.now() < end) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nginx does not listen (exit code ${nginx.exitCode})`)
}

async function stop(nginx: ChildProcess): Promise<void> {
  if (nginx.exitCode !== null || nginx.signalCode !== null) return
  nginx.kill('SIGTERM')
  await once(nginx, 'exit')
}
