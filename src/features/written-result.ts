/**
 * Results whose JSON is put together from parts that are texts already, in the place of a second walk over an object.
 *
 *    a string                       { content: [{ type: 'text', text }] }
 *    structured content alone       { structuredContent: { "a": 1 }, content: [{ type: 'text', text: '{"a":1}' }] }
 *
 * Of the second, the text is the JSON of the object, so that the object is not written again.
 *
 * Spec: 2025-11-25 tools {@link spec.tools}, "Structured Content".
 */

import type { CallToolResult, ContentBlock } from '../protocol/wire-types.ts'

export abstract class WrittenResult {
  /** The JSON of the whole result, as long as it was not changed. */
  abstract get json(): string
}

export class TextResult extends WrittenResult implements CallToolResult {
  readonly content: readonly ContentBlock[]
  readonly #text: string

  constructor(text: string) {
    super()
    this.content = [{ type: 'text', text }]
    this.#text = text
  }

  get json(): string {
    return `{"content":[{"type":"text","text":${JSON.stringify(this.#text)}}]}`
  }
}

export class MirroredResult extends WrittenResult implements CallToolResult {
  readonly structuredContent: unknown
  readonly content: readonly ContentBlock[]
  readonly #text: string

  /** @param text - the JSON of the content */
  constructor(structuredContent: unknown, text: string) {
    super()
    this.structuredContent = structuredContent
    this.content = [{ type: 'text', text }]
    this.#text = text
  }

  get json(): string {
    return `{"structuredContent":${this.#text},"content":[{"type":"text","text":${JSON.stringify(this.#text)}}]}`
  }
}
