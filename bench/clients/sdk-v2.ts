/** The official client of the second generation. It speaks the stateless era when it is told to. */

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Open } from './index.ts'

export const open: Open = async (url, { wire }) => {
  const pinned = { versionNegotiation: { mode: { pin: '2026-07-28' } } }
  const client = new Client({ name: 'bench', version: '1.0.0' }, wire === 'stateless' ? pinned : {})
  const transport = new StreamableHTTPClientTransport(new URL(url))
  await client.connect(transport)
  return {
    call: async (text) => {
      const { content } = await client.callTool({ name: 'echo', arguments: { text } })
      return (content as readonly { readonly text?: unknown }[])[0]?.text
    },
    close: async () => {
      if (wire === 'session') await transport.terminateSession()
      await client.close()
    },
  }
}
