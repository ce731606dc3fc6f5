/** The official client of the first generation, as its README sets it up. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Open } from './index.ts'

export const open: Open = async (url) => {
  const client = new Client({ name: 'bench', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(url))
  await client.connect(transport as never)
  return {
    call: async (text) => {
      const { content } = await client.callTool({ name: 'echo', arguments: { text } })
      return (content as readonly { readonly text?: unknown }[])[0]?.text
    },
    close: async () => {
      await transport.terminateSession()
      await client.close()
    },
  }
}
