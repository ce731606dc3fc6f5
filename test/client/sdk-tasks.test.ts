/** Tasks of 2025-11-25 of servers written for the official SDK, with its own library and with `barewire/sdk`. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect } from '../../src/client/index.ts'
import { LIBRARIES, startProgram } from '../sdk/run-program.ts'

const textOf = ({ content }: { readonly content: readonly object[] }) => (content[0] as { text: string }).text

for (const library of LIBRARIES) {
  test(`tasks of a server of the SDK (${library}): started, asking, failed, cancelled`, async (t) => {
    const program = fileURLToPath(new URL('../sdk/programs/tasks.ts', import.meta.url))
    const { port } = await startProgram(t, library, program)
    const client = await connect(`http://127.0.0.1:${port}/mcp`, {
      onElicit: () => ({ action: 'accept', content: { name: 'Ann' } }),
    })
    t.after(() => client.close())
    assert.equal(client.revision, '2025-11-25')
    const task = await client.startTool('research', { topic: 'tea' })
    assert.equal(typeof task.taskId, 'string')
    assert.equal(textOf(await task.result()), 'tea for nobody')
    assert.equal(task.status, 'completed')
    assert.equal(textOf(await client.callTool('research', { topic: 'tea', ask: true })), 'tea for Ann')
    assert.equal(textOf(await (await client.startTool('either')).result()), 'Not today')
    const endless = await client.startTool('endless')
    await endless.cancel()
    await assert.rejects(endless.result(), { code: 'ERR_TASK_CANCELLED' })
    assert.equal((await client.startTool('plain')).taskId, undefined)
  })
}
