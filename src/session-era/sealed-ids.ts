/**
 * Sealed session ids: ids that carry the encrypted start of their session record, so that another process with the same
 * keys, or this one after a restart, can restore the session.
 *
 *    issued 4 | expires 4 | deflate( [revision, log level, client info, capabilities] )        in seconds; 0: never
 *
 * It is bound to the server's name and the principal (dispatch/key-ring.ts). What came after `initialize` is not in it:
 * streams, subscriptions and a log level that was set later are lost with the process.
 *
 *    peer fits       -> all of it
 *    too large       -> name, version and title of the client; then only the capabilities that this library uses
 *    still too large -> undefined: the session gets a random id, and ends with its process
 *
 * An id whose session was deleted or expired in this process is not restored by it. The number of these ids is bounded:
 * when one is dropped, every id that was issued before that session ended is refused too, so that no ended session
 * can be restored.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}: visible ASCII characters.
 */

import { Buffer } from 'node:buffer'
import { environmentVariable, type OptionalModules, optionalModule } from '../bounds/runtime.ts'
import { KeyRing, type Keys, markOf } from '../dispatch/key-ring.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { InitializeParams } from './handshake.ts'
import { findRevision } from './revisions.ts'

/** Characters. Some proxies and clients do not accept longer headers. */
const MAX_ID_LENGTH = 500
/** Characters that are compressed: 0.4 ms in the worst case. Longer text does not fit unless it is very repetitive. */
const MAX_TEXT_LENGTH = 4096
/** Bytes of the text after decompression. */
const MAX_TEXT_BYTES = 4 * MAX_TEXT_LENGTH
const HEAD_BYTES = 8
/** Ids of ended sessions; one takes about 100 bytes. */
const MAX_ENDED = 65_536

/** Changes with the format or the dictionary, so that ids of an earlier format cannot be opened. */
const PURPOSE = 'barewire session id'

/** What most clients send, the most frequent last, as deflate prefers it. */
const DICTIONARY = Buffer.from(
  '"description":"","websiteUrl":"https://","icons":[{"src":"https://","mimeType":"image/png","sizes":["48x48"]}]"debug""notice""warning""error"{"experimental":{},"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}},"tasks":{"list":{},"cancel":{},"requests":{"sampling":{"createMessage":{}},"elicitation":{"create":{}}}},"sampling":{"tools":{},"context":{}},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}}]["2024-11-05","2025-03-26",null,{"name":"2025-06-18",null,"title":"2025-11-25",null,"info",{"name":"client","version":"1.0.0"},{}]',
)
const ZLIB = { windowBits: 11, dictionary: DICTIONARY, chunkSize: 1024 }

export interface SealedSession {
  readonly params: InitializeParams
  readonly logLevel: LogLevel | undefined
}

export class SealedIds {
  readonly #keys: KeyRing
  readonly #zlib: OptionalModules['node:zlib']
  readonly #lifetimeMs: number
  readonly #serverName: string
  /** Hashes of the ids of ended sessions, with the time of their end in seconds, oldest first. */
  readonly #ended = new Map<string, number>()
  /** Ids issued up to this time, in seconds, are refused. */
  #refusedUntil = 0

  /**
   * @param lifetimeMs - how long after its issue an id can be restored; 0: for ever
   * @throws {Error} the runtime has no node:zlib
   */
  constructor(keys: KeyRing, lifetimeMs: number, serverName: string) {
    const zlib = optionalModule('node:zlib')
    if (zlib === undefined) {
      throw new Error('sessions.keys needs node:zlib, which this runtime does not have: leave it out')
    }
    this.#zlib = zlib
    this.#keys = keys
    this.#lifetimeMs = lifetimeMs
    this.#serverName = serverName
  }

  /** @returns undefined when the peer does not fit into an id */
  seal(
    { revision, peer }: InitializeParams,
    logLevel: LogLevel | undefined,
    principalId: string | undefined,
  ): string | undefined {
    const now = Date.now()
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32BE(Math.floor(now / 1000))
    if (this.#lifetimeMs > 0) head.writeUInt32BE(Math.ceil((now + this.#lifetimeMs) / 1000), 4)
    const { name, version, title } = peer.info
    const { roots, sampling, elicitation } = peer.capabilities
    const info = { name, version, title }
    for (const content of [
      [peer.info, peer.capabilities],
      [info, peer.capabilities],
      [info, { roots, sampling, elicitation }],
    ]) {
      const text = JSON.stringify([revision.name, logLevel ?? null, ...content])
      if (text.length > MAX_TEXT_LENGTH) continue
      const bytes = Buffer.concat([head, this.#zlib.deflateRawSync(text, ZLIB)])
      const id = this.#keys.seal(bytes, this.#binding(principalId))
      if (id.length <= MAX_ID_LENGTH) return id
    }
    return undefined
  }

  /** @returns undefined: it is not bound to this server and principal, has expired, or its session ended */
  open(id: string, principalId: string | undefined): SealedSession | undefined {
    if (id.length > MAX_ID_LENGTH || this.#ended.has(markOf(id))) return undefined
    const bytes = this.#keys.open(id, this.#binding(principalId))
    if (typeof bytes === 'string') return undefined
    const expires = bytes.readUInt32BE(4) * 1000
    if (bytes.readUInt32BE(0) <= this.#refusedUntil || (expires > 0 && Date.now() >= expires))
      return undefined
    const text = this.#zlib.inflateRawSync(bytes.subarray(HEAD_BYTES), {
      ...ZLIB,
      maxOutputLength: MAX_TEXT_BYTES,
    })
    const [version, logLevel, info, capabilities] = JSON.parse(text.toString('utf8'))
    const revision = findRevision(version)
    if (revision === undefined) return undefined
    const peer = { info, capabilities }
    return {
      params: { revision, peer, peerKey: JSON.stringify([info, capabilities]) },
      logLevel: logLevel ?? undefined,
    }
  }

  /** The session with this id has ended, and must not be restored. */
  end(id: string): void {
    const [oldest] = this.#ended.size < MAX_ENDED ? [] : this.#ended
    if (oldest !== undefined) {
      this.#ended.delete(oldest[0])
      this.#refusedUntil = oldest[1]
    }
    this.#ended.set(markOf(id), Math.floor(Date.now() / 1000))
  }

  #binding(principalId: string | undefined): string {
    return JSON.stringify([this.#serverName, principalId])
  }
}

/**
 * @param isShared - a store has the sessions: keys are not needed, and those of the environment are ignored
 * @throws {TypeError} a key that is too short, or no key, naming the option or variable it came from
 */
export function readSessionKeys(keys: Keys | undefined, isShared = false): KeyRing | undefined {
  if (isShared && keys !== undefined) {
    throw new TypeError('sessions.keys restores sessions without a store: leave out either it or store')
  }
  if (isShared) return undefined
  if (keys !== undefined) return new KeyRing(keys, PURPOSE, 'sessions.keys')
  const key = environmentVariable('BAREWIRE_SESSION_KEY')
  if (key === undefined) return undefined
  return new KeyRing([key], PURPOSE, 'the environment variable BAREWIRE_SESSION_KEY')
}
