/**
 * Writes the project that xmcp builds into a server, and builds it. It stands among the installed packages, which are its
 * own, and is as much a product of the installation as they are.
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('node_modules', import.meta.url))
const project = join(modules, '.xmcp')
export const SERVER = join(project, 'dist', 'http.js')

const SHARED = JSON.stringify(fileURLToPath(new URL('shared.mjs', import.meta.url)))
const tool = (name, description, answer) => `import * as shared from ${SHARED}
export const metadata = ${JSON.stringify({ name, description })}
export const schema = shared.${name}.shape
export default function ${name}(args) {
  return shared.text(${answer})
}
`
const FILES = {
  'package.json': '{ "name": "xmcp-project", "private": true, "type": "module" }',
  'tsconfig.json':
    '{ "compilerOptions": { "target": "es2022", "module": "esnext", "moduleResolution": "bundler" }, "include": ["src"] }',
  'xmcp.config.ts': `export default {
  http: { host: '127.0.0.1' },
  paths: { tools: './src/tools', prompts: false, resources: false },
  typescript: { skipTypeCheck: true },
}
`,
  'src/tools/echo.ts': tool('echo', 'Returns the text that it is given', 'args.text'),
  'src/tools/checked.ts': tool(
    'checked',
    'Searches; its arguments are described in detail',
    'shared.answerChecked(args)',
  ),
  'src/tools/progress.ts': tool(
    'progress',
    'Reports progress a number of times',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    '`${args.count} done`',
  ),
}

/** @throws {Error} with what it printed, when it does not build */
export function build() {
  mkdirSync(join(project, 'src', 'tools'), { recursive: true })
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(project, name), text)
  const cli = join(modules, 'xmcp', 'dist', 'cli.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'build'], {
    cwd: project,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`xmcp build failed:\n${stdout}${stderr}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build()
