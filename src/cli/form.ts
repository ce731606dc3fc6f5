/**
 * Questions of a server, asked at the prompt: a form field by field, each checked against its schema before the next,
 * or an address to go to. Questions that come at the same time wait for each other.
 *
 * Nothing is sent that the user has not seen, and an address is never opened by itself.
 */

import { createInterface, type Interface } from 'node:readline'
import { isObject } from '../bounds/is-object.ts'
import type { ElicitRequest, ElicitUrlRequest } from '../client/index.ts'
import { compile } from '../json-schema/compile.ts'
import type { JsonObject } from '../protocol/wire-types.ts'
import { harmless, oneLine, type Terminal } from './terminal.ts'

type Answer =
  | { readonly action: 'accept'; readonly content: JsonObject }
  | { readonly action: 'decline' | 'cancel' }

const YES = /^y(es)?$/i

/** Asks for one line. @throws {Closed} the input is over */
type Ask = (text: string) => Promise<string>

/** Ctrl-D. */
class Closed extends Error {}

export class Questioner {
  readonly #terminal: Terminal
  readonly #server: () => string
  /** The question before this one. */
  #last: Promise<unknown> = Promise.resolve()

  /** @param server - names who asks */
  constructor(terminal: Terminal, server: () => string) {
    this.#terminal = terminal
    this.#server = server
  }

  form(request: ElicitRequest, signal: AbortSignal): Promise<Answer> {
    return this.#inTurn<Answer>(signal, { action: 'cancel' }, (ask) => this.#form(request, ask))
  }

  url(
    { message, url }: ElicitUrlRequest,
    signal: AbortSignal,
  ): Promise<{ readonly action: 'accept' | 'decline' | 'cancel' }> {
    return this.#inTurn<{ readonly action: 'accept' | 'decline' | 'cancel' }>(
      signal,
      { action: 'cancel' },
      async (ask) => {
        this.#terminal.note(`\n${this.#server()} asks: ${harmless(message)}`)
        this.#terminal.note(`It wants you to visit ${new URL(url).host}:\n\n  ${oneLine(url)}\n`)
        const answer = await ask('Do you go there? [y/N] ')
        return { action: YES.test(answer.trim()) ? 'accept' : 'decline' }
      },
    )
  }

  #inTurn<T>(signal: AbortSignal, closed: T, work: (ask: Ask) => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      signal.throwIfAborted()
      const { stdin, stderr, interrupt } = this.#terminal.surroundings
      this.#terminal.clearProgress()
      const lines = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true })
      lines.on('SIGINT', () => interrupt())
      const ask = asker(lines, signal)
      try {
        return await work(ask)
      } catch (error) {
        if (error instanceof Closed) return closed
        throw error
      } finally {
        lines.close()
      }
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  async #form({ message, requestedSchema }: ElicitRequest, ask: Ask): Promise<Answer> {
    this.#terminal.note(`\n${this.#server()} asks: ${harmless(message)}`)
    const { properties = {}, required = [] } = requestedSchema as {
      readonly properties?: JsonObject
      readonly required?: readonly string[]
    }
    const content: [name: string, value: unknown][] = []
    for (const [name, schema] of Object.entries(properties)) {
      const value = await this.#field(name, isObject(schema) ? schema : {}, required.includes(name), ask)
      if (value !== undefined) content.push([name, value])
    }
    const answer = (await ask('Send this? [Y/n, c to cancel] ')).trim()
    if (/^c/i.test(answer)) return { action: 'cancel' }
    if (answer !== '' && !YES.test(answer)) return { action: 'decline' }
    return { action: 'accept', content: Object.fromEntries(content) }
  }

  async #field(name: string, schema: JsonObject, isRequired: boolean, ask: Ask): Promise<unknown> {
    const check = compile(schema, { formats: true })
    const { title, description, default: fallback } = schema
    const choices = choicesOf(schema)
    const label = oneLine(typeof title === 'string' ? title : name)
    if (typeof description === 'string') this.#terminal.note(`  ${oneLine(description)}`)
    for (const [at, { label: text }] of choices.entries()) this.#terminal.note(`  ${at + 1}) ${text}`)
    const hint = hintOf(schema, choices.length, fallback, isRequired)
    for (;;) {
      const text = (await ask(`  ${label}${hint}: `)).trim()
      if (text === '') {
        if (fallback !== undefined) return fallback
        if (!isRequired) return undefined
      }
      const value = answerOf(text, schema, choices)
      const outcome = check(value)
      if (text !== '' && outcome.valid) return value
      const problem = outcome.valid ? 'it is needed' : (outcome.errors[0]?.message ?? 'it does not fit')
      this.#terminal.note(`  ${oneLine(problem)}`)
    }
  }
}

/** Lines that come before they are asked for are kept: a user may paste several. */
function asker(lines: Interface, signal: AbortSignal): Ask {
  const early: string[] = []
  let waiting:
    | { readonly resolve: (line: string) => void; readonly reject: (error: unknown) => void }
    | undefined
  let isClosed = false
  lines.on('line', (line) => {
    if (waiting === undefined) early.push(line)
    else waiting.resolve(line)
    waiting = undefined
  })
  const giveUp = () => {
    isClosed = true
    waiting?.reject(signal.aborted ? signal.reason : new Closed())
  }
  lines.once('close', giveUp)
  signal.addEventListener('abort', giveUp, { once: true })
  return (text) => {
    lines.setPrompt(text)
    lines.prompt()
    return new Promise((resolve, reject) => {
      const line = early.shift()
      if (line !== undefined) resolve(line)
      else if (isClosed) reject(signal.aborted ? signal.reason : new Closed())
      else waiting = { resolve, reject }
    })
  }
}

interface Choice {
  readonly value: string
  readonly label: string
}

function choicesOf(schema: JsonObject): readonly Choice[] {
  const { enum: plain, enumNames, oneOf, anyOf, items } = schema
  const titled = oneOf ?? anyOf
  if (Array.isArray(plain)) {
    return plain.map((value, at) => ({
      value,
      label: oneLine(Array.isArray(enumNames) ? (enumNames[at] ?? value) : value),
    }))
  }
  if (Array.isArray(titled))
    return titled.map((one) => ({ value: one?.const, label: oneLine(one?.title ?? one?.const) }))
  return isObject(items) ? choicesOf(items) : []
}

function hintOf({ type }: JsonObject, choices: number, fallback: unknown, isRequired: boolean): string {
  const kind =
    choices > 0
      ? type === 'array'
        ? 'numbers, with commas'
        : 'number'
      : type === 'boolean'
        ? 'y/n'
        : (type ?? 'anything')
  const usual =
    fallback === undefined
      ? isRequired
        ? ''
        : ', may stay empty'
      : `, empty: ${oneLine(JSON.stringify(fallback))}`
  return ` (${oneLine(kind)}${usual})`
}

function answerOf(text: string, { type }: JsonObject, choices: readonly Choice[]): unknown {
  const chosen = (part: string) => choices[Number(part) - 1]?.value ?? part
  switch (type) {
    case 'boolean':
      return YES.test(text) ? true : /^no?$/i.test(text) ? false : text
    case 'number':
    case 'integer':
      return text === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'array':
      return text === '' ? [] : text.split(',').map((part) => chosen(part.trim()))
    default:
      return choices.length > 0 ? chosen(text) : text
  }
}
