/**
 * The clients that take part, each in one way of talking. Those of the official SDK are the packages that the tests of
 * the project use, so they are installed at its root.
 */

import type { Contender } from '../contenders/index.ts'

/** One connected client. */
export interface BenchClient {
  /** Calls the tool `echo`. @returns its text */
  call(text: string): Promise<unknown>
  close(): Promise<void>
}

/** The export that every module of a client has. */
export type Open = (url: string, contender: Pick<Contender, 'wire' | 'mode'>) => Promise<BenchClient>

const OURS = 'bench/clients/barewire.ts'
const V1 = 'bench/clients/sdk-v1.ts'
const V2 = 'bench/clients/sdk-v2.ts'

function client(name: string, family: string, module: string, mode?: string): Contender {
  const wire = name.endsWith('-stateless') ? 'stateless' : 'session'
  return { name, family, wire, module, packages: [], ...(mode !== undefined && { mode }) }
}

/** `-http`: with `httpFetch` of barewire/client/http, which takes the place of Node's own fetch. */
export const CLIENTS: readonly Contender[] = [
  client('barewire-client', 'barewire-client', OURS),
  client('barewire-client-http', 'barewire-client', OURS, 'http'),
  client('sdk-v1-client', 'sdk-v1-client', V1),
  client('sdk-v2-client', 'sdk-v2-client', V2),
  client('barewire-client-stateless', 'barewire-client', OURS),
  client('barewire-client-http-stateless', 'barewire-client', OURS, 'http'),
  client('sdk-v2-client-stateless', 'sdk-v2-client', V2),
]

/**
 * What an application imports of each, by family.
 *
 * @param path - where a compiled file is
 */
export function importsOf(path: (source: string) => string): Readonly<Record<string, readonly string[]>> {
  return {
    'barewire-client': [path('src/client/index.ts')],
    'sdk-v1-client': [
      '@modelcontextprotocol/sdk/client/index.js',
      '@modelcontextprotocol/sdk/client/streamableHttp.js',
    ],
    'sdk-v2-client': ['@modelcontextprotocol/client'],
  }
}
