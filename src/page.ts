/**
 * The page for a person who opens the URL of a server in a browser: what it is, what it offers, how to connect to it.
 *
 * Everything on it is escaped, it runs no script, and its policy (CSP) allows nothing but its own style. Tools are listed
 * to strangers only where everybody may call them: not with `auth`, and none that has scopes or decides by itself who
 * sees it. The URL is shown, also within commands to copy, only if no character of it means something to a shell.
 *
 * Not here: which request gets it (entrance.ts).
 */

import { createHash } from 'node:crypto'
import { excerpt } from './bounds/quote.ts'
import type { McpServer } from './features/server.ts'

/** The most tools that are listed. */
const MAX_TOOLS = 100
/** The most characters of one description. */
const MAX_DESCRIPTION = 300
const SAFE_URL = /^https?:\/\/[\w.:[\]-]+\/[\w./~-]*$/

const STYLE = `:root{color-scheme:light dark}
body{max-width:44rem;margin:3rem auto;padding:0 1.25rem;font:1rem/1.55 system-ui,sans-serif}
h1{margin:0;font-size:1.7rem}
h2{margin:2rem 0 .5rem;font-size:1.1rem}
p{margin:.4rem 0}
.muted{opacity:.7}
code,pre{font:.9rem/1.45 ui-monospace,monospace}
pre{margin:.4rem 0 1rem;padding:.75rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #8886;border-radius:.4rem}
dt{margin-top:.7rem}
dd{margin:0;opacity:.8}`

/** Made when the first page is asked for. */
let policy: string | undefined

/** Headers of the page, as a flat list. */
export function pageHeaders(): readonly string[] {
  policy ??= `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return [
    ...['Content-Security-Policy', policy],
    ...['X-Content-Type-Options', 'nosniff'],
    ...['Referrer-Policy', 'no-referrer'],
    ...['Cache-Control', 'no-store'],
  ]
}

/**
 * @param url - of the endpoint, as the reader's browser has it
 * @param needsCredentials - not everybody may call
 */
export function renderPage(server: McpServer, url: string, needsCredentials: boolean): string {
  const { name, version, title = name, description, websiteUrl } = server.info
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="muted">${escapeHtml(name)} ${escapeHtml(version)}, an MCP server</p>`,
    description === undefined ? '' : `<p>${escapeHtml(excerpt(description, MAX_DESCRIPTION))}</p>`,
    website(websiteUrl),
    '<h2>Connect</h2>',
    '<p>This address is for MCP clients, such as an editor, an assistant or an agent.</p>',
    ...(SAFE_URL.test(url)
      ? connect(slug(name), url)
      : ['<p>Give your client the address of this page, or of the MCP endpoint below it.</p>']),
    ...(needsCredentials
      ? ['<p>This server asks for credentials: your client signs you in, or needs a token or a key.</p>']
      : tools(server)),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${parts.filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`
}

function connect(name: string, url: string): string[] {
  const config = JSON.stringify({ mcpServers: { [name]: { type: 'http', url } } }, undefined, 2)
  return [
    `<pre>${escapeHtml(url)}</pre>`,
    '<p>In a configuration file, as most clients have it:</p>',
    `<pre>${escapeHtml(config)}</pre>`,
    '<p>In a terminal:</p>',
    `<pre>claude mcp add --transport http ${escapeHtml(name)} ${escapeHtml(url)}
npx @modelcontextprotocol/inspector --cli ${escapeHtml(url)} --method tools/list</pre>`,
  ]
}

function tools(server: McpServer): string[] {
  const all = [...server.tools.all()].filter(
    ({ enabled, visible, scopes }) => enabled && visible === undefined && scopes === undefined,
  )
  if (all.length === 0) return []
  const more = all.length - MAX_TOOLS
  return [
    `<h2>Tools</h2>`,
    '<dl>',
    ...all.slice(0, MAX_TOOLS).map(({ key, config: { title, description } }) => {
      const about = excerpt(description ?? title ?? '', MAX_DESCRIPTION)
      return `<dt><code>${escapeHtml(key)}</code></dt>${about === '' ? '' : `<dd>${escapeHtml(about)}</dd>`}`
    }),
    '</dl>',
    more > 0 ? `<p class="muted">and ${more} more</p>` : '',
  ]
}

/** Not as a link unless it is one of the web: `javascript:` would run. */
function website(url: string | undefined): string {
  if (url === undefined || !/^https?:\/\//i.test(url)) return ''
  return `<p><a rel="noopener noreferrer" href="${escapeHtml(url)}">${escapeHtml(url)}</a></p>`
}

/** A name as it can stand in a command. */
function slug(name: string): string {
  return name.replace(/[^\w-]+/g, '-').replace(/^-+|-+$/g, '') || 'server'
}

const ENTITIES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
