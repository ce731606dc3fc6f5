/**
 * The servers, how they are started, and calls of their tools that do no harm and need no network. Not called: `debug` of
 * mcp-hello-world, which prints the names of private members of the SDK's McpServer.
 */

export interface PublishedServer {
  readonly name: string
  /** Arguments of its program. @param folder - empty, for this run */
  readonly args?: (folder: string) => string[]
  /** Arguments with which it listens for Streamable HTTP, where it can. */
  readonly http?: readonly string[]
  readonly env?: (folder: string) => Record<string, string>
  readonly calls: readonly (readonly [tool: string, args: Record<string, unknown>])[]
  readonly reads?: readonly string[]
}

const entity = { name: 'Ann', entityType: 'person', observations: ['likes tea'] }
const thought = {
  thought: 'First',
  thoughtNumber: 1,
  totalThoughts: 1,
  nextThoughtNeeded: false,
}

export const SERVERS: readonly PublishedServer[] = [
  {
    name: '@modelcontextprotocol/server-everything',
    args: () => ['stdio'],
    http: ['streamableHttp'],
    calls: [
      ['echo', { message: 'hi' }],
      ['echo', {}],
      ['get-sum', { a: 1, b: 2 }],
      ['get-structured-content', { location: 'New York' }],
      ['get-annotated-message', { messageType: 'error' }],
      ['get-tiny-image', {}],
      ['get-resource-links', { count: 2 }],
      ['get-resource-reference', { resourceType: 'Text', resourceId: 1 }],
      ['trigger-long-running-operation', { duration: 0.2, steps: 2 }],
    ],
    reads: ['demo://resource/static/document/features.md', 'demo://resource/dynamic/text/1'],
  },
  {
    name: '@modelcontextprotocol/server-filesystem',
    args: (folder) => [folder],
    calls: [
      ['list_allowed_directories', {}],
      ['list_directory', { path: '.' }],
      ['read_text_file', { path: '/etc/hostname' }],
    ],
  },
  {
    name: '@modelcontextprotocol/server-memory',
    env: (folder) => ({ MEMORY_FILE_PATH: `${folder}/memory.jsonl` }),
    calls: [
      ['create_entities', { entities: [entity] }],
      ['search_nodes', { query: 'tea' }],
      ['read_graph', {}],
      ['open_nodes', { names: 'Ann' }],
    ],
  },
  { name: '@modelcontextprotocol/server-sequential-thinking', calls: [['sequentialthinking', thought]] },
  {
    name: '@allpepper/memory-bank-mcp',
    env: (folder) => ({ MEMORY_BANK_ROOT: folder }),
    calls: [
      ['list_projects', {}],
      ['memory_bank_write', { projectName: 'p', fileName: 'a.md', content: 'x' }],
      ['memory_bank_read', { projectName: 'p', fileName: 'a.md' }],
      ['nothing', {}],
    ],
  },
  {
    name: '@coo-quack/calc-mcp',
    calls: [
      ['math', { action: 'eval', expression: '6*7' }],
      ['hash', { input: 'a', algorithm: 'sha256' }],
      ['base64', { action: 'encode', input: 'hello' }],
      ['semver', { action: 'nonsense' }],
    ],
  },
  {
    name: '@itseasy21/mcp-knowledge-graph',
    env: (folder) => ({ MEMORY_FILE_PATH: `${folder}/graph.jsonl` }),
    calls: [
      ['create_entities', { entities: [entity] }],
      ['search_nodes', { query: 'nothing' }],
      ['unknown', {}],
    ],
  },
  { name: '@kazuph/mcp-fetch', calls: [['imageFetch', { url: 'http://127.0.0.1:1/' }]] },
  {
    name: '@kazuph/mcp-taskmanager',
    calls: [
      ['open_task_details', { taskId: 'none' }],
      ['get_next_task', { requestId: 'none' }],
    ],
  },
  {
    name: '@tokenizin/mcp-npx-fetch',
    calls: [
      ['fetch_json', { url: 'no url' }],
      ['fetch_txt', {}],
    ],
  },
  { name: 'mcp-deepwiki', calls: [['deepwiki_fetch', { url: '' }]] },
  { name: 'mcp-fetch-server', calls: [['fetch_html', { url: 'no url' }]] },
  {
    name: 'mcp-hello-world',
    calls: [
      ['echo', { message: 'hi' }],
      ['echo', {}],
    ],
    reads: ['hello://world'],
  },
  {
    name: 'time-mcp',
    calls: [
      ['days_in_month', { date: '2024-02-01' }],
      ['convert_time', { sourceTimezone: 'UTC', targetTimezone: 'Asia/Tokyo', time: '2024-01-01 10:00:00' }],
      ['get_week_year', {}],
    ],
  },
]
