/** Where the messages of a connection go whose framing is lines. Types only: line-writer.ts implements it. */

export interface LineSink {
  /** True once nothing more can be written. */
  readonly closed: boolean
  /** Resolves, and never rejects, when the client has read what waits for it; undefined where little waits. */
  readonly drained: Promise<void> | undefined
  /**
   * Writes one message, or a batch of them; those of one turn of the event loop leave together.
   *
   * @returns false: it was not taken, since the connection is closed, or was closed now because its client is too slow
   */
  write(json: string): boolean
  /** As `write`, of lines that have their ends. */
  writeLines(lines: string): boolean
}
