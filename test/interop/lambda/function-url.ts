/**
 * A function URL of AWS Lambda on this machine: HTTP requests become events (payload format 2.0), the real runtime client
 * takes them from the Runtime API that is served here, and its answers go back, buffered or as a stream.
 *
 *    client --HTTP--> here --GET .../invocation/next--> aws-lambda-ric: the function
 *           <--------      <--POST .../{id}/response---
 *
 * As there, one process serves one request at a time.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Between the prelude of a streamed response and its body. */
const SEPARATOR = Buffer.alloc(8)

interface Invocation {
  readonly id: string
  readonly event: object
  readonly response: ServerResponse
}

export interface FunctionUrl {
  /** Without a path. */
  readonly origin: string
  /** How many responses came as a stream, and as a whole. */
  readonly answered: { readonly streamed: number; readonly buffered: number }
  stop(): Promise<void>
}

/**
 * @param ric - the program of aws-lambda-ric
 * @param folder - with the module of the function
 * @param handler - `module.export`
 * @param host - the name that clients use, in the place of the one that AWS gives
 */
export async function startFunctionUrl(
  ric: string,
  folder: string,
  handler: string,
  host: string,
  env: Readonly<Record<string, string>>,
): Promise<FunctionUrl> {
  const queue: Invocation[] = []
  const running = new Map<string, Invocation>()
  const answered = { streamed: 0, buffered: 0 }
  let wake = () => {}

  const runtimeApi = createServer(async (request, response) => {
    const [, id = '', what = ''] = /\/invocation\/([^/]+)(?:\/(\w+))?$/.exec(request.url ?? '') ?? []
    if (request.method === 'GET' && id === 'next') {
      while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const invocation = queue.shift() as Invocation
      running.set(invocation.id, invocation)
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': `${Date.now() + 60_000}`,
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-west-1:000000000000:function:mcp',
        'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000',
      })
      response.end(JSON.stringify(invocation.event))
      return
    }
    const invocation = running.get(id)
    if (invocation !== undefined && what === 'response') {
      const isStream = request.headers['lambda-runtime-function-response-mode'] === 'streaming'
      answered[isStream ? 'streamed' : 'buffered'] += 1
      await (isStream ? passOn(request, invocation.response) : answerWhole(request, invocation.response))
    } else if (invocation !== undefined) {
      invocation.response.writeHead(502).end(await textOf(request))
    }
    running.delete(id)
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
  })

  const front = createServer(async (request, response) => {
    const invocation = { id: randomUUID(), event: await eventOf(request, host), response }
    queue.push(invocation)
    wake()
  })

  const api = await listen(runtimeApi)
  const port = await listen(front)
  const [, name] = handler.split('.')
  const child = spawn(process.execPath, [ric, handler], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api}`,
      AWS_LAMBDA_FUNCTION_NAME: name ?? '',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      LAMBDA_TASK_ROOT: folder,
      PUBLIC_HOST: host,
      ...env,
    },
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    answered,
    async stop() {
      await end(child)
      for (const server of [front, runtimeApi]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

/** Payload format 2.0: one value of each header, in lower case. */
async function eventOf(request: IncomingMessage, host: string): Promise<object> {
  const { pathname, searchParams, search } = new URL(request.url ?? '/', `https://${host}`)
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]),
  )
  // What a client says for itself may be another name; without one it is that of the URL.
  if (headers['host']?.startsWith('127.0.0.1') === true) headers['host'] = host
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: { ...headers, 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' },
    ...(search !== '' && { queryStringParameters: Object.fromEntries(searchParams) }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'mcp',
      domainName: host,
      domainPrefix: 'mcp',
      http: {
        method: request.method,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: Date.now(),
    },
    ...(request.method === 'POST' && {
      body: Buffer.from(await textOf(request)).toString('base64'),
      isBase64Encoded: true,
    }),
    ...(request.method !== 'POST' && { isBase64Encoded: false }),
  }
}

async function answerWhole(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { statusCode = 200, headers = {}, body = '', isBase64Encoded } = JSON.parse(await textOf(request))
  response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'))
}

/** Status and headers come as JSON before the body. */
async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let before: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (before === undefined) {
      response.write(chunk)
      continue
    }
    before = Buffer.concat([before, chunk])
    const at = before.indexOf(SEPARATOR)
    if (at === -1) continue
    const { statusCode, headers } = JSON.parse(before.subarray(0, at).toString())
    response.writeHead(statusCode, headers)
    const body = before.subarray(at + SEPARATOR.length)
    if (body.length > 0) response.write(body)
    before = undefined
  }
  response.end()
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
