/**
 * A result that is JSON text already: lists are serialised when they change, not when they are asked for, and
 * spliced into the response as they are.
 */

export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** A new value, which its caller may change. */
  parse(): unknown {
    return JSON.parse(this.text)
  }

  /** So that a `JsonText` inside another value is serialised as the value that it is the text of. */
  toJSON(): unknown {
    return this.parse()
  }
}
