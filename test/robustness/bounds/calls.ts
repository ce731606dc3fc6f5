/** What calls leave behind: tasks, questions to the client, and what `ctx.once` has done. */

import assert from 'node:assert/strict'
import { TestSession } from '../../helpers/wire.ts'
import { TaskClient } from '../../stateless-era/task-client.ts'
import { as, assertOthersAreServed, auth, type Row, serve } from './row.ts'

export const callRows: readonly Row[] = [
  {
    kept: 'tasks and their results',
    options: ['tasks.max', 'tasks.maxPerPrincipal', 'tasks.maxBytes'],
    async run(t) {
      for (const [limits, left] of [
        [{ max: 4 }, 4],
        [{ maxPerPrincipal: 3 }, 3],
        [{ maxBytes: 60_000 }, 5],
      ] as const) {
        const fixture = await serve(t, { auth, tasks: limits })
        const greedy = new TaskClient(fixture.url, as('greedy'))
        const ids: string[] = []
        for (let n = 0; n < 12; n++) {
          const id = await greedy.begin('task')
          await greedy.until(id, 'completed')
          ids.push(id)
        }
        const found = await Promise.all(ids.map((id) => greedy.get(id)))
        assert.equal(found.filter(({ error }) => error === undefined).length, left)
        await assertOthersAreServed(fixture, as('other').headers)
      }
    },
  },
  {
    kept: 'questions of a session that its client does not answer',
    options: [],
    async run(t) {
      const { url } = await serve(t)
      const capabilities = { roots: {} }
      const session = await TestSession.open(url, { capabilities, onRequest: () => undefined })
      assert.equal((await session.call('ask')).result.content[0].text, '256')
    },
  },
  {
    kept: 'what ctx.once has done',
    options: [],
    async run(t) {
      const fixture = await serve(t, { auth })
      const { client } = fixture
      const params = { name: 'once', arguments: {} }
      const begin = async (token: string) => {
        const { requestState } = (await client(as(token)).request('tools/call', params)).result
        return { ...params, requestState }
      }
      const end = async (token: string, state: object) => await client(as(token)).request('tools/call', state)
      const [early, first] = [await begin('other'), await begin('greedy')]
      const { result } = await end('greedy', first)
      assert.deepEqual((await end('greedy', first)).result, result)
      // Each call counts two, itself and its key; one principal has 2000.
      for (let n = 0; n < 1000; n++) await end('greedy', await begin('greedy'))
      const { error } = await end('greedy', first)
      assert.equal(error.code, -32602)
      assert.match(error.message, /^The requestState has expired/)
      assert.equal((await end('other', early)).error, undefined)
      await assertOthersAreServed(fixture, as('other').headers)
    },
  },
]
