/**
 * The text mirror of structured content: results that have the same value twice, as an object and as text, as they are
 * made for tools that return `structuredContent` alone.
 *
 *    { structuredContent: { "a": 1 }, content: [{ type: 'text', text: '{"a":1}' }] }
 *
 * The text is the JSON of the object, so that a response can be put together from it, and the object is not written a
 * second time.
 *
 * Spec: 2025-11-25 tools {@link spec.tools}, "Structured Content".
 */

import type { CallToolResult, ContentBlock } from '../protocol/wire-types.ts'

export class MirroredResult implements CallToolResult {
  readonly structuredContent: unknown
  readonly content: readonly ContentBlock[]
  readonly #text: string

  /** @param text - the JSON of the content */
  constructor(structuredContent: unknown, text: string) {
    this.structuredContent = structuredContent
    this.content = [{ type: 'text', text }]
    this.#text = text
  }

  /** The JSON of the whole result, as long as it was not changed. */
  get json(): string {
    return `{"structuredContent":${this.#text},"content":[{"type":"text","text":${JSON.stringify(this.#text)}}]}`
  }
}
