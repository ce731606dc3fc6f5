/** The demo's tools: what they are called, what they take and give. The work is in the files beside this one. */

import { type McpServer, ToolError } from '../../src/index.ts'
import { summarizeCsv } from './csv.ts'
import { checkNote, type Notes } from './notes.ts'
import type { Root } from './root.ts'
import { type Report, searchText } from './search.ts'
import { callerOf, Shares } from './shares.ts'
import { fileStats } from './stats.ts'
import { UserError } from './user-error.ts'

const count = { type: 'integer', minimum: 0 } as const
const text = { type: 'string' } as const
const glob = { type: 'string', description: 'Which files, such as "**/*.md"; all when absent' } as const
const readOnly = { readOnlyHint: true, openWorldHint: false } as const

/** Each takes a thread and, for as long as it may, a processor. */
const MAX_REGEX_SEARCHES = 4
const MAX_REGEX_SEARCHES_PER_CALLER = 2

export function registerTools(
  server: McpServer,
  root: Root,
  notes: Notes | undefined,
  scopesToWrite?: readonly string[],
): void {
  const regexSearches = new Shares({
    what: 'searches with a regular expression are running',
    max: MAX_REGEX_SEARCHES,
    maxPerCaller: MAX_REGEX_SEARCHES_PER_CALLER,
  })
  server.registerTool(
    'search_text',
    {
      title: 'Search text',
      description:
        'Finds lines that contain a text in the served files. The search is for plain text unless regex is true.',
      inputSchema: {
        type: 'object',
        properties: {
          pattern: { type: 'string', minLength: 1, maxLength: 500, description: 'What to look for' },
          glob,
          regex: {
            type: 'boolean',
            description:
              'pattern is a JavaScript regular expression; slow ones are stopped, and few run at once: when it says so, try again later',
          },
          ignoreCase: { type: 'boolean' },
          maxMatches: { type: 'integer', minimum: 1, maximum: 1000, description: '100 when absent' },
        },
        required: ['pattern'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: {
          matches: {
            type: 'array',
            items: {
              type: 'object',
              properties: { file: text, line: { type: 'integer', minimum: 1 }, text },
              required: ['file', 'line', 'text'],
            },
          },
          filesSearched: count,
          filesSkipped: count,
          truncated: { type: 'boolean' },
        },
        required: ['matches', 'filesSearched', 'filesSkipped', 'truncated'],
      },
      annotations: readOnly,
    },
    async (args, ctx) => {
      const takeWorker = () => regexSearches.take(callerOf(ctx))
      const found = await told(() => searchText(root, args, ctx.signal, inSteps(ctx.progress), takeWorker))
      const { matches, filesSearched, truncated } = found
      const summary = `${matches.length} matches in ${filesSearched} files${truncated ? ', there may be more' : ''}`
      const lines = matches.map((match) => `${match.file}:${match.line}: ${match.text}`)
      return {
        structuredContent: { ...found },
        content: [{ type: 'text', text: [...lines, summary].join('\n') }],
      }
    },
  )

  server.registerTool(
    'file_stats',
    {
      title: 'File statistics',
      description: 'Counts the served files and their bytes, by extension, with the largest and the newest.',
      inputSchema: { type: 'object', properties: { glob }, additionalProperties: false },
      outputSchema: {
        type: 'object',
        properties: {
          files: count,
          bytes: count,
          byExtension: {
            type: 'array',
            items: {
              type: 'object',
              properties: { extension: text, files: count, bytes: count },
              required: ['extension', 'files', 'bytes'],
            },
          },
          largest: {
            type: 'array',
            items: { type: 'object', properties: { path: text, bytes: count }, required: ['path', 'bytes'] },
          },
          newest: {
            type: 'array',
            items: {
              type: 'object',
              properties: { path: text, modified: text },
              required: ['path', 'modified'],
            },
          },
          truncated: { type: 'boolean' },
        },
        required: ['files', 'bytes', 'byExtension', 'largest', 'newest', 'truncated'],
      },
      annotations: readOnly,
    },
    async (args, ctx) => ({
      structuredContent: {
        ...(await told(() => fileStats(root, args.glob, ctx.signal, inSteps(ctx.progress)))),
      },
    }),
  )

  server.registerTool(
    'summarize_csv',
    {
      title: 'Summarize a CSV file',
      description:
        'Reads a CSV file row by row and gives statistics of each column. The first row is the header.',
      inputSchema: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'Relative to the served folder' },
          delimiter: { type: 'string', minLength: 1, maxLength: 1, description: 'A comma when absent' },
        },
        required: ['path'],
        additionalProperties: false,
      },
      outputSchema: {
        type: 'object',
        properties: {
          rows: count,
          raggedRows: { ...count, description: 'Rows shorter or longer than the header' },
          columns: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                name: text,
                count,
                empty: count,
                distinct: count,
                distinctTruncated: { type: 'boolean' },
                numeric: {
                  type: 'object',
                  properties: {
                    count,
                    min: { type: 'number' },
                    max: { type: 'number' },
                    mean: { type: 'number' },
                  },
                  required: ['count', 'min', 'max', 'mean'],
                },
              },
              required: ['name', 'count', 'empty', 'distinct', 'distinctTruncated'],
            },
          },
        },
        required: ['rows', 'raggedRows', 'columns'],
      },
      annotations: readOnly,
    },
    async (args, ctx) => ({
      structuredContent: { ...(await told(() => summarizeCsv(root, args, ctx.signal, ctx.progress))) },
    }),
  )

  server.registerTool(
    'confirm_and_write_note',
    {
      title: 'Write a note',
      description:
        'Asks the user, then writes a new note. An answer counts only once the question was put: a request cannot confirm itself. An existing note is never overwritten.',
      inputSchema: {
        type: 'object',
        properties: {
          name: {
            type: 'string',
            description: 'File name of letters, digits, "_" and "-"; .md is added when it has no ending',
          },
          text: { type: 'string' },
        },
        required: ['name', 'text'],
        additionalProperties: false,
      },
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
      scopes: scopesToWrite,
    },
    async (note, ctx) => {
      if (notes === undefined)
        throw new ToolError('This server writes no notes: it was started without --notes DIR')
      const file = await told(async () => checkNote(note))
      const question = {
        message: `Write a note called ${file} with ${note.text.length} characters?\n\n${note.text.slice(0, 500)}`,
        requestedSchema: {
          type: 'object',
          properties: { confirm: { type: 'boolean', title: 'Write it' } },
          required: ['confirm'],
        },
      } as const
      const { action, content } = await ctx.elicit('confirm', question, { mustAsk: true })
      if (action !== 'accept' || !content.confirm) return 'The user did not agree. Nothing was written.'
      await told(() => notes.write(note))
      return `Wrote ${file}.`
    },
  )
}

/** Lets the client see what a `UserError` says; other errors keep their cause on the server. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof UserError ? new ToolError(error.message) : error
  }
}

/** At most about a hundred messages for work of many steps. */
function inSteps(report: Report): Report {
  return (progress, total = 0, message) => {
    const step = Math.max(1, Math.floor(total / 100))
    if (progress % step === 0 || progress === total) report(progress, total, message)
  }
}
