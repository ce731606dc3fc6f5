/**
 * What the command writes to: text that a server sent is made harmless, colours are for terminals alone, and a line of
 * progress is overwritten in place.
 */

import type { Readable, Writable } from 'node:stream'

/** Where a command runs. A test has its own. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal
  /** Does what Ctrl-C does: at a prompt it is a key like any other. */
  interrupt(): void
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** What a terminal shows for Ctrl-C, at the cursor: it must fit into the line of progress, and goes with it. */
const ECHO = '^C'

/** What would move the cursor, ring or change the colours: everything but line ends and tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
/** Characters that take two columns, about: Chinese, Japanese, Korean, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/**
 * A server's text as it can be shown: what would act on the terminal is written as an escape, which is one of JSON, too.
 *
 * @param text - what stands where a text should be; anything else is shown as JSON
 */
export function harmless(text: unknown): string {
  const shown = typeof text === 'string' ? text : text === null ? '' : (JSON.stringify(text) ?? '')
  return shown.replace(/\r\n/g, '\n').replace(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The same in one line. */
export function oneLine(text: unknown): string {
  return harmless(text).replace(/\s+/g, ' ').trim()
}

/** Columns that a text takes; colours take none. */
export function widthOf(text: string): number {
  let width = 0
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are our own
  for (const character of text.replace(/\u001b\[\d+m/g, '')) width += WIDE.test(character) ? 2 : 1
  return width
}

/** Cut to a number of columns. */
export function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let width = 0
  for (const character of text) {
    width += WIDE.test(character) ? 2 : 1
    if (width > columns - 1) break
    kept += character
  }
  return `${kept}…`
}

export class Terminal {
  readonly surroundings: Surroundings
  readonly #colors: boolean
  /** Columns of the line of progress that stands on the terminal. */
  #progress = 0

  constructor(surroundings: Surroundings, colors: boolean) {
    this.surroundings = surroundings
    this.#colors = colors && !surroundings.env['NO_COLOR']
  }

  /** Of standard output; 80 where it is no terminal. */
  get columns(): number {
    return this.surroundings.stdout.columns ?? 80
  }

  /** Whether a person can be asked. */
  get isInteractive(): boolean {
    const { stdin, stderr } = this.surroundings
    return stdin.isTTY === true && stderr.isTTY === true
  }

  style(name: keyof typeof STYLES, text: string): string {
    const { stdout } = this.surroundings
    return this.#colors && stdout.isTTY === true ? `\u001b[${STYLES[name]}m${text}\u001b[0m` : text
  }

  /** A line of the result. */
  print(text = ''): void {
    this.clearProgress()
    this.surroundings.stdout.write(`${text}\n`)
  }

  /** The result as JSON: of the characters that act on a terminal, JSON itself escapes a part. */
  printJson(value: unknown, indent?: number): void {
    this.print(harmless(JSON.stringify(value, undefined, indent)))
  }

  bytes(bytes: Uint8Array): void {
    this.surroundings.stdout.write(bytes)
  }

  /** A line that is about the result. */
  note(text: string): void {
    this.clearProgress()
    this.surroundings.stderr.write(`${text}\n`)
  }

  /** A server that may not ask says what the client lacks, and not why. */
  noteWhyNotAsked(): void {
    if (!this.isInteractive) this.note('The server had a question, and there is no terminal to ask it at.')
  }

  /** Replaces the line of progress; does nothing where standard error is no terminal. */
  progress(text: string): void {
    const { stderr } = this.surroundings
    if (stderr.isTTY !== true) return
    const line = fit(text, (stderr.columns ?? 80) - 1 - ECHO.length)
    stderr.write(`\r${line}${' '.repeat(Math.max(0, this.#progress - widthOf(line)))}`)
    this.#progress = widthOf(line)
  }

  clearProgress(): void {
    if (this.#progress === 0) return
    this.surroundings.stderr.write(`\r${' '.repeat(this.#progress + ECHO.length)}\r`)
    this.#progress = 0
  }
}

/** `[#####-----]  50 %  step 5` */
export function progressBar({
  progress,
  total,
  message = '',
}: {
  readonly progress: number
  readonly total?: number | undefined
  readonly message?: string | undefined
}): string {
  const text = oneLine(message)
  if (total === undefined || total <= 0) return `${progress}  ${text}`.trimEnd()
  const part = Math.min(1, Math.max(0, progress / total))
  const done = Math.round(part * 24)
  const percent = `${Math.round(part * 100)}`.padStart(3)
  return `[${'#'.repeat(done)}${'-'.repeat(24 - done)}] ${percent} %  ${text}`.trimEnd()
}

/**
 * Rows in columns that are as wide as their widest cell; the last one goes on in the next line, below itself.
 *
 * @param indent - columns to leave free at the left
 * @param maxWidth - of a column; a cell that is wider pushes the rest of its row aside
 */
export function table(
  rows: readonly (readonly string[])[],
  columns: number,
  indent = 2,
  maxWidth = 40,
): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) {
      const width = widthOf(cell)
      if (at < row.length - 1 && width <= maxWidth) widths[at] = Math.max(widths[at] ?? 0, width)
    }
  }
  return rows.flatMap((row) => {
    let line = ' '.repeat(indent)
    for (const [at, cell] of row.slice(0, -1).entries()) {
      line += `${cell}${' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)))}  `
    }
    const start = widthOf(line)
    const [first = '', ...more] = wrap(row.at(-1) ?? '', Math.max(20, columns - start))
    return [(line + first).trimEnd(), ...more.map((text) => ' '.repeat(start) + text)]
  })
}

/** Breaks a text at spaces. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
