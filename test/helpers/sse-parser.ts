/**
 * A small tolerant reader of Server-Sent Events for tests. It shares nothing with src/sse, which is under test.
 *
 * It gives more than a browser's EventSource would: comments, blocks that carry only an id or a retry, and
 * fields it does not know are reported rather than dropped.
 */

import type { WireJson } from './conversation.ts'

export interface SseEvent {
  readonly id?: string
  readonly event?: string
  /** Present, though perhaps empty, when the block had a data line. */
  readonly data?: string
  /** `data` parsed, when it is JSON. */
  readonly json?: WireJson
  readonly retry?: number
  /** A comment line, without the colon; it comes as an item of its own. */
  readonly comment?: string
  /** Lines with a field name that the standard does not define. */
  readonly unknownFields?: readonly string[]
}

/** Push parser: feed it bytes in any pieces, take the items that became whole. */
export class SseParser {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #line = ''
  #skipLineFeed = false
  #block: Block = {}

  push(bytes: Uint8Array): SseEvent[] {
    const items: SseEvent[] = []
    for (const character of this.#decoder.decode(bytes, { stream: true })) {
      const follows = this.#skipLineFeed
      this.#skipLineFeed = character === '\r'
      if (character === '\n' && follows) continue
      if (character === '\n' || character === '\r') this.#endLine(items)
      else this.#line += character
    }
    return items
  }

  /** What was received of a block that never ended; `undefined` when the last block was whole. */
  get unfinished(): string | undefined {
    const isEmpty = this.#line === '' && Object.keys(this.#block).length === 0
    return isEmpty ? undefined : JSON.stringify({ ...this.#block, line: this.#line })
  }

  #endLine(items: SseEvent[]): void {
    const line = this.#line
    this.#line = ''
    if (line === '') {
      if (Object.keys(this.#block).length > 0) items.push(finish(this.#block))
      this.#block = {}
    } else if (line.startsWith(':')) {
      items.push({ comment: line.slice(1).replace(/^ /, '') })
    } else {
      this.#field(line)
    }
  }

  #field(line: string): void {
    const [, name = line, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (name === 'data')
      this.#block.data = this.#block.data === undefined ? value : `${this.#block.data}\n${value}`
    else if (name === 'id') this.#block.id = value
    else if (name === 'event') this.#block.event = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.#block.retry = Number(value)
    else this.#block.unknownFields = [...(this.#block.unknownFields ?? []), line]
  }
}

interface Block {
  id?: string
  event?: string
  data?: string
  retry?: number
  unknownFields?: string[]
}

function finish(block: Block): SseEvent {
  if (block.data === undefined || block.data === '') return block
  try {
    return { ...block, json: JSON.parse(block.data) }
  } catch {
    return block
  }
}
