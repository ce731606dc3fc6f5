/**
 * Sealed session ids: ids that say themselves what their session must remember, so that another process with the same
 * keys, or this one after a restart, takes the session up again.
 *
 *    issued 4 | expires 4 | deflate( [revision, log level, client info, capabilities] )        in seconds; 0: never
 *
 * It is sealed for the server's name and the principal (dispatch/key-ring.ts). What came after `initialize` is not in it:
 * streams, subscriptions and another log level are lost with the process.
 *
 *    peer fits       -> as it is
 *    too large       -> name, version and title of the client; then only the capabilities that are asked for here
 *    still too large -> undefined: the session gets a random id, and ends with its process
 *
 * An id whose session was deleted here, or was idle for too long, is not taken up here again. When there are too many of
 * these to remember, none that was issued before the end of one that is forgotten is taken up: what has ended stays so.
 *
 * Spec: 2025-11-25 transports, "Session Management" {@link spec.sessions}: visible ASCII characters.
 */

import { Buffer } from 'node:buffer'
import { environmentVariable, type OptionalModules, optionalModule } from '../bounds/runtime.ts'
import { KeyRing, type Keys, markOf } from '../dispatch/key-ring.ts'
import type { LogLevel } from '../protocol/wire-types.ts'
import type { InitializeParams } from './handshake.ts'
import { findRevision } from './revisions.ts'

/** Characters. Some proxies and clients are not made for longer headers. */
const MAX_ID_LENGTH = 500
/** Characters that are compressed: 0.4 ms in the worst case. What is longer does not fit, unless it says nothing. */
const MAX_TEXT_LENGTH = 4096
/** Of a text that was compressed, in bytes. */
const MAX_TEXT_BYTES = 4 * MAX_TEXT_LENGTH
const HEAD_BYTES = 8
/** Ids that are not taken up again; one takes about 100 bytes. */
const MAX_ENDED = 65_536

/** Named anew where what is sealed, or the dictionary, changes: ids of before then do not open. */
const PURPOSE = 'barewire session id'

/** What clients say in most cases, the most frequent last. */
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
  /** Marks of ids that are not taken up again, with the time of their end, the first one at the front. */
  readonly #ended = new Map<string, number>()
  /** What was issued until then is not taken up. */
  #refusedUntil = 0

  /**
   * @param lifetimeMs - for so long after its issue an id is taken up; 0: for ever
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

  /** @returns undefined when the client says too much of itself */
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
    for (const said of [
      [peer.info, peer.capabilities],
      [info, peer.capabilities],
      [info, { roots, sampling, elicitation }],
    ]) {
      const text = JSON.stringify([revision.name, logLevel ?? null, ...said])
      if (text.length > MAX_TEXT_LENGTH) continue
      const bytes = Buffer.concat([head, this.#zlib.deflateRawSync(text, ZLIB)])
      const id = this.#keys.seal(bytes, this.#binding(principalId))
      if (id.length <= MAX_ID_LENGTH) return id
    }
    return undefined
  }

  /** @returns undefined: it was not sealed for this server and this caller, or its time is over */
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

  /** The session with this id has ended for good. */
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

/** @throws {TypeError} a key that is too short, or no key, with the name of where it came from */
export function readSessionKeys(keys: Keys | undefined): KeyRing | undefined {
  if (keys !== undefined) return new KeyRing(keys, PURPOSE, 'sessions.keys')
  const key = environmentVariable('BAREWIRE_SESSION_KEY')
  if (key === undefined) return undefined
  return new KeyRing([key], PURPOSE, 'the environment variable BAREWIRE_SESSION_KEY')
}
