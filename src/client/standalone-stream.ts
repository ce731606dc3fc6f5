/**
 * The stream of a session that belongs to no request: changes, log messages and questions outside of calls. It is opened
 * by GET, and opened again after every end, until the client is closed or the server says that it has none.
 *
 *    GET --- 200 --- messages --- end --> wait --> GET, Last-Event-ID (if any event had an id)
 *        --- 404 --> begin a new session --> GET --- 404 --> wait, and so on
 *        --- 405, or another refusal --> none
 *
 * A stream that could not be taken up where it ended leaves a gap, which the listeners get as a change.
 *
 * Spec: 2025-11-25 transports, "Listening for Messages from the Server" {@link spec.listening}.
 */

import { mcpError } from './errors.ts'
import { discard } from './http-client.ts'
import { Inbox, refusal } from './inbox.ts'
import type { Settings } from './options.ts'
import type { SessionHttp } from './session-http.ts'
import { reconnectDelay, sleep } from './timing.ts'
import type { Receiver } from './transport.ts'

export interface StandaloneHooks {
  readonly receiver: Receiver
  /** Messages may have been lost. */
  onGap(): void
  /** The session is gone. Resolves when there is another. */
  renew(gone: string): Promise<void>
}

export class StandaloneStream {
  readonly #transport: SessionHttp
  readonly #settings: Settings
  readonly #hooks: StandaloneHooks
  readonly #stop = new AbortController()
  #opened: { readonly promise: Promise<boolean>; readonly resolve: (has: boolean) => void } | undefined

  constructor(transport: SessionHttp, settings: Settings, hooks: StandaloneHooks) {
    this.#transport = transport
    this.#settings = settings
    this.#hooks = hooks
  }

  /** Whether the server has such a stream; known once it answered. */
  get opened(): Promise<boolean> {
    return this.#start().promise
  }

  close(): void {
    this.#stop.abort(mcpError('ERR_CLIENT_CLOSED', 'The client was closed'))
    this.#opened?.resolve(false)
  }

  #start() {
    if (this.#opened !== undefined) return this.#opened
    let resolve: (has: boolean) => void = () => {}
    const promise = new Promise<boolean>((settle) => {
      resolve = settle
    })
    this.#opened = { promise, resolve }
    this.#run(resolve).catch((error: unknown) => {
      resolve(false)
      if (!this.#stop.signal.aborted) this.#settings.onError(error)
    })
    return this.#opened
  }

  async #run(opened: (has: boolean) => void): Promise<void> {
    const { signal } = this.#stop
    const { retryDelayMs, maxMessageBytes, onError } = this.#settings
    const { receiver } = this.#hooks
    let inbox: Inbox | undefined
    let { sessionId } = this.#transport
    let wasOpen = false
    let renewed = false
    for (let failures = 0; ; ) {
      if (this.#transport.sessionId !== sessionId) {
        // Event ids belong to a session.
        inbox = undefined
        sessionId = this.#transport.sessionId
      }
      inbox ??= new Inbox({ receiver, maxMessageBytes, onError })
      const resumes = inbox.lastEventId !== ''
      const { eventCount } = inbox
      try {
        const response = await this.#transport.get(inbox.lastEventId, signal)
        if (response.status === 200) {
          if (wasOpen && !resumes) this.#hooks.onGap()
          opened(true)
          wasOpen = true
          renewed = false
          await inbox.read(response, 'GET')
          failures = inbox.eventCount > eventCount ? 0 : failures + 1
        } else if (response.status === 404 && sessionId !== undefined) {
          await discard(response)
          await this.#hooks.renew(sessionId)
          // A server that forgets each session at once is not asked for the next one without a pause.
          if (!renewed) {
            renewed = true
            continue
          }
          failures += 1
        } else {
          const { status } = response
          // What has no such stream says so now, and will say so again.
          if (status < 500 && status !== 429) {
            opened(false)
            if (wasOpen) onError(await refusal(response, 'GET', this.#transport.http.url, ''))
            else await discard(response)
            return
          }
          await discard(response)
          failures += 1
        }
      } catch (error) {
        if (signal.aborted) return
        // Of one error after the other only the first says something new.
        if (failures === 0) onError(error)
        failures += 1
      }
      try {
        await sleep(reconnectDelay(inbox.retryMs, retryDelayMs, failures), signal)
      } catch {
        return
      }
    }
  }
}
