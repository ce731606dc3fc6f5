/**
 * `summarize_csv`: statistics of each column, in one pass over the file.
 *
 * Memory is bounded whatever the size of the file: one record at a time, and for each column a few numbers and
 * a limited set of the values seen. The first record is the header.
 */

import { createHash } from 'node:crypto'
import { parse } from 'csv-parse'
import { quote, type Root } from './root.ts'
import type { Report } from './search.ts'
import { UserError } from './user-error.ts'

export const csvLimits = { maxColumns: 256, maxRecordBytes: 1024 * 1024, maxDistinct: 1000 } as const

const REPORT_EVERY_ROWS = 1000

export interface CsvRequest {
  readonly path: string
  /** @defaultValue `,` */
  readonly delimiter?: string | undefined
}

export interface ColumnSummary {
  name: string
  /** Cells with something in them. */
  count: number
  empty: number
  /** Different values, at most 1000. */
  distinct: number
  /** There are more different values than were counted. */
  distinctTruncated: boolean
  /** Present when at least one cell is a number. */
  numeric?: { count: number; min: number; max: number; mean: number }
}

export interface CsvSummary {
  /** Without the header. */
  rows: number
  /** Rows that are shorter or longer than the header. */
  raggedRows: number
  columns: ColumnSummary[]
}

/** @throws {UserError} for a path that is refused or a file that is not CSV; whatever `signal` was aborted with */
export async function summarizeCsv(
  root: Root,
  request: CsvRequest,
  signal?: AbortSignal,
  report?: Report,
): Promise<CsvSummary> {
  const { path, delimiter = ',' } = request
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new UserError(
      `delimiter: expected one character that is no quote or line end, got ${quote(delimiter)}`,
    )
  }
  signal?.throwIfAborted()
  const { handle, size } = await root.openFile(path)
  const input = handle.createReadStream({ autoClose: false })
  const parser = parse({
    bom: true,
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: csvLimits.maxRecordBytes,
  })
  const abort = () => parser.destroy(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  input.once('error', (error) => parser.destroy(error))
  try {
    const summary = new Summary()
    for await (const record of input.pipe(parser) as AsyncIterable<string[]>) {
      summary.add(record)
      if (summary.rows % REPORT_EVERY_ROWS === 0 && summary.rows > 0) {
        report?.(Math.min(input.bytesRead, size), size, `${summary.rows} rows`)
      }
    }
    if (summary.isEmpty) throw new UserError(`${quote(path)} is empty; expected a header and rows`)
    return summary.result()
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')) {
      throw new UserError(`${quote(path)} is not readable as CSV: ${error.message.slice(0, 300)}`)
    }
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
    input.destroy()
    await handle.close()
  }
}

class Summary {
  rows = 0
  #raggedRows = 0
  #columns: Column[] | undefined

  get isEmpty(): boolean {
    return this.#columns === undefined
  }

  add(record: readonly string[]): void {
    if (this.#columns === undefined) {
      if (record.length > csvLimits.maxColumns) {
        throw new UserError(
          `the header has ${record.length} columns, at most ${csvLimits.maxColumns} are accepted`,
        )
      }
      this.#columns = record.map((name) => new Column(name))
      return
    }
    this.rows++
    if (record.length !== this.#columns.length) this.#raggedRows++
    for (const [index, column] of this.#columns.entries()) column.add(record[index] ?? '')
  }

  result(): CsvSummary {
    const columns = (this.#columns ?? []).map((column) => column.summary())
    return { rows: this.rows, raggedRows: this.#raggedRows, columns }
  }
}

class Column {
  readonly #name: string
  readonly #distinct = new Set<string>()
  #distinctTruncated = false
  #count = 0
  #empty = 0
  #numbers = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #mean = 0

  constructor(name: string) {
    this.#name = name.slice(0, 200)
  }

  add(cell: string): void {
    const text = cell.trim()
    if (text === '') {
      this.#empty++
      return
    }
    this.#count++
    this.#see(text)
    const value = toNumber(text)
    if (value === undefined) return
    this.#numbers++
    this.#min = Math.min(this.#min, value)
    this.#max = Math.max(this.#max, value)
    // A running mean: a sum of many large numbers would lose the small ones, or overflow.
    this.#mean += value / this.#numbers - this.#mean / this.#numbers
  }

  summary(): ColumnSummary {
    return {
      name: this.#name,
      count: this.#count,
      empty: this.#empty,
      distinct: this.#distinct.size,
      distinctTruncated: this.#distinctTruncated,
      ...(this.#numbers > 0 && {
        numeric: { count: this.#numbers, min: this.#min, max: this.#max, mean: this.#mean },
      }),
    }
  }

  #see(text: string): void {
    // Long values are remembered by a digest: the set has at most 1000 entries of at most 64 characters.
    const key = text.length <= 64 ? text : `\0${createHash('sha256').update(text).digest('base64')}`
    if (this.#distinct.has(key)) return
    if (this.#distinct.size >= csvLimits.maxDistinct) this.#distinctTruncated = true
    else this.#distinct.add(key)
  }
}

function toNumber(text: string): number | undefined {
  if (text.length > 40 || !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
