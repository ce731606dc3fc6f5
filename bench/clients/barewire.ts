/** barewire/client, as it is without options, and with `httpFetch`. */

import { httpFetch } from '../../src/client/http.ts'
import { connect } from '../../src/client/index.ts'
import type { Open } from './index.ts'

export const open: Open = async (url, { wire, mode }) => {
  const revision = wire === 'stateless' ? '2026-07-28' : '2025-11-25'
  const client = await connect(url, { revision, ...(mode === 'http' && { fetch: httpFetch }) })
  return {
    call: async (text) => {
      const [first] = (await client.callTool('echo', { text })).content
      return first?.type === 'text' ? first.text : undefined
    },
    close: () => client.close(),
  }
}
