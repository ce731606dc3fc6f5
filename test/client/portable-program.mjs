/**
 * What the client must do wherever it runs. Loaded by a page, by Bun and by Deno, with the client as it was built; so it
 * imports nothing.
 *
 * @param client - what `import('barewire/client')` gives
 * @param url - a server that offers what test/client/offering.ts does
 * @returns what happened, for each revision
 */
export async function useClient(client, url) {
  const outcomes = {}
  for (const revision of ['2026-07-28', '2025-11-25']) {
    const questions = []
    const connection = await client.connect(url, {
      revision,
      onElicit: ({ message }) => {
        questions.push(message)
        return { action: 'accept', content: { name: 'Ann' } }
      },
      onSample: () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
      onRoots: () => [],
    })
    const tools = await connection.tools().toArray()
    const reports = []
    await connection.callTool('count', {}, { onProgress: ({ progress }) => reports.push(progress) })
    const { content } = await connection.callTool('ask')
    const { structuredContent } = await connection.callTool('add', { a: 1, b: 2 })
    const refused = await connection
      .readResource('note://none')
      .catch((error) => error instanceof client.RpcError)
    const abort = new AbortController()
    abort.abort()
    const aborted = await connection.callTool('add', {}, { signal: abort.signal }).catch(({ code }) => code)
    await connection.close()
    outcomes[revision] = {
      era: connection.era,
      tools: tools.map(({ name }) => name),
      reports,
      questions,
      answer: JSON.parse(content[0].text)[0],
      structuredContent,
      refused,
      aborted,
    }
  }
  return outcomes
}
