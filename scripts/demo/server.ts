/**
 * The demo server: a folder of the user's, served read-only to MCP clients.
 *
 * Not here: the work itself (the files beside this one, which know nothing of MCP), the command line
 * (options.ts), starting and stopping (../start.ts).
 */

import { McpServer, RpcError, resourceNotFound } from '../../src/index.ts'
import { completePath, listServedFiles, readServedFile } from './files.ts'
import { Notes } from './notes.ts'
import { pathToUri, Root, uriToPath } from './root.ts'
import { BusyError, callerOf } from './shares.ts'
import { registerTools } from './tools.ts'
import { UserError } from './user-error.ts'
import { FileWatch } from './watch.ts'

const INVALID_PARAMS = -32602
const SERVER_ERROR = -32000

export interface Demo {
  readonly server: McpServer
  /** Real path of the served folder. */
  readonly directory: string
  /** Ends the watching of files. */
  close(): void
}

/**
 * @param options - folders as named on the command line; `auth`: to write a note needs a scope
 * @throws {Error} when one of them does not exist
 */
export async function createDemo(options: {
  root: string
  notes?: string | undefined
  auth?: boolean | undefined
}): Promise<Demo> {
  const root = await Root.open(options.root)
  const notes = options.notes === undefined ? undefined : await Notes.open(options.notes)
  const server = new McpServer(
    { name: 'barewire-demo', title: 'A folder, served by barewire', version: '0.1.0' },
    {
      instructions:
        'Serves a folder read-only. Paths are relative to it, with "/" between names. Find files with file_stats or search_text, read them as file:/// resources.',
      pageSize: 1000,
      logging: true,
    },
  )
  const watch = new FileWatch(root, (error) => console.error('watching stopped:', (error as Error).message))
  registerTools(server, root, notes, options.auth === true ? ['notes:write'] : undefined)
  registerFiles(server, root, watch)
  registerReview(server, root)
  return { server, directory: root.directory, close: () => watch.close() }
}

function registerFiles(server: McpServer, root: Root, watch: FileWatch): void {
  server.registerResourceTemplate(
    'file',
    'file:///{+path}',
    {
      title: 'Files',
      description: 'The files of the served folder; the path is relative to it',
      list: (ctx) => listServedFiles(root, ctx.signal),
      complete: { path: (typed, _known, ctx) => completePath(root, typed, ctx.signal) },
      subscribe: (uri, ctx) => {
        const onChange = () => server.notifyResourceUpdated(uri)
        return found(uri, () => watch.start(uriToPath(uri), onChange, callerOf(ctx)))
      },
    },
    async (uri, { path }) => {
      try {
        const { mimeType, content } = await readServedFile(root, String(path))
        const about = { uri: pathToUri(String(path)), mimeType }
        return 'text' in content
          ? { ...about, text: content.text }
          : { ...about, blob: Buffer.from(content.blob).toString('base64') }
      } catch (error) {
        throw error instanceof UserError ? resourceNotFound(uri) : error
      }
    },
  )
}

function found<T>(uri: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof BusyError) throw new RpcError(SERVER_ERROR, error.message)
    throw error instanceof UserError ? resourceNotFound(uri) : error
  }
}

function registerReview(server: McpServer, root: Root): void {
  server.registerPrompt(
    'review_file',
    {
      title: 'Review a file',
      description: 'Asks for a review of one of the served files',
      argsSchema: {
        type: 'object',
        properties: { path: { type: 'string', description: 'Relative to the served folder' } },
        required: ['path'],
      },
      complete: { path: (typed, _known, ctx) => completePath(root, typed, ctx.signal) },
    },
    async ({ path }) => {
      const file = await readServedFile(root, path).catch((error: unknown) => {
        throw error instanceof UserError ? new RpcError(INVALID_PARAMS, error.message) : error
      })
      if (!('text' in file.content))
        throw new RpcError(INVALID_PARAMS, `${JSON.stringify(path)} is not a text file`)
      const resource = { uri: pathToUri(path), mimeType: file.mimeType, text: file.content.text }
      return {
        description: `Review of ${path}`,
        messages: [
          {
            role: 'user',
            content: {
              type: 'text',
              text: `Review the file ${path}. Name mistakes first, then what is hard to follow, each with its line and a proposal.`,
            },
          },
          { role: 'user', content: { type: 'resource', resource } },
        ],
      }
    },
  )
}
