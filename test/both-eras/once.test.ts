/** `ctx.once`, written once: the same handlers and the same test bodies in both eras. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestContext } from '../../src/index.ts'
import { type Answer, asking, eras } from './asking.ts'

const requestedSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
} as const
/** Answers each form with its own message. */
const echo: Answer = (_method, { message }) => ({ action: 'accept', content: { name: `<${message}>` } })
const ask = async (ctx: RequestContext, key: string) =>
  (await ctx.elicit(key, { message: key, requestedSchema })).content?.name

for (const era of eras) {
  test(`${era}: once runs once in a call, its result stays, and every call begins anew`, async (t) => {
    const { server, call, asked } = await asking(t, era)
    let charged = 0
    server.registerTool('charge', {}, async (_args, ctx) => {
      const receipt = await ctx.once('charge', async () => {
        charged += 1
        return { number: charged }
      })
      const first = await ask(ctx, `charged ${receipt.number}`)
      const again = await ctx.once('charge', () => ({ number: -1 }))
      const second = await ask(ctx, `still ${again.number}`)
      return `${first} ${second}`
    })
    for (const n of [1, 2]) {
      const { result } = await call('charge', {}, echo)
      assert.equal(result.content[0].text, `<charged ${n}> <still ${n}>`)
    }
    assert.equal(charged, 2)
    assert.equal(asked.length, 4)
  })

  test(`${era}: once that runs while a question is asked has run once all the same`, async (t) => {
    const { server, call } = await asking(t, era)
    let runs = 0
    server.registerTool('beside', {}, async (_args, ctx) => {
      const slow = async () => {
        for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
        runs += 1
        return runs
      }
      const all = await Promise.all([ctx.once('slow', slow), ctx.once('slow', slow), ask(ctx, 'a')])
      return all.join(' ')
    })
    const { result } = await call('beside', {}, echo)
    assert.equal(result.content[0].text, '1 1 <a>')
    assert.equal(runs, 1)
  })

  test(`${era}: once gives back what its function returned, and undefined as undefined`, async (t) => {
    const { server, call } = await asking(t, era)
    const values: readonly unknown[] = [
      undefined,
      null,
      0,
      '',
      [null, { a: [1] }],
      { a: undefined, b: false },
    ]
    const given: unknown[] = []
    server.registerTool('keep', {}, async (_args, ctx) => {
      given.length = 0
      for (const [index, value] of values.entries()) given.push(await ctx.once(`k${index}`, () => value))
      return await ask(ctx, 'a')
    })
    assert.equal((await call('keep', {}, echo)).result.content[0].text, '<a>')
    assert.equal(given.length, values.length)
    const isSession = era === 'session'
    assert.deepEqual(given, isSession ? values : values.with(-1, { b: false }))
  })

  test(`${era}: once refuses at once, and in every run, what is no JSON value; its function does not run again`, async (t) => {
    const { server, call } = await asking(t, era)
    const circular: unknown[] = []
    circular.push(circular)
    const rows: readonly (readonly [unknown, string])[] = [
      [new Date(0), 'got a Date'],
      [new Map(), 'got a Map'],
      [Number.NaN, 'got the number NaN'],
      [() => 1, 'got a function'],
      [1n, 'got a bigint'],
      [new Error('x'), 'got an Error'],
      [{ list: [{ at: new Date(0) }] }, 'got a Date at list[0].at'],
      [[undefined], 'got undefined at [0]'],
      [circular, 'got an object that is circular, or nested too deeply'],
    ]
    for (const [index, [value, problem]] of rows.entries()) {
      let runs = 0
      const seen: string[] = []
      server.registerTool(`t${index}`, {}, async (_args, ctx) => {
        const refused = async () => {
          const error: unknown = await ctx
            .once('my key', () => {
              runs += 1
              return value
            })
            .catch((cause: unknown) => cause)
          seen.push(String(error))
        }
        await refused()
        await ask(ctx, 'a')
        await refused()
        return ''
      })
      await call(`t${index}`, {}, echo)
      const message = `TypeError: ctx.once("my key") must return a JSON value, or nothing; ${problem}: return plain data, such as the ISO text of a Date`
      assert.deepEqual([...new Set(seen)], [message])
      assert.equal(runs, 1, problem)
    }
  })

  test(`${era}: once that failed was not done, and may be tried again`, async (t) => {
    const { server, call } = await asking(t, era)
    let tries = 0
    server.registerTool('retry', {}, async (_args, ctx) => {
      const run = () => {
        tries += 1
        if (tries === 1) throw new Error('the first time')
        return tries
      }
      await ctx.once('k', run).catch(() => {})
      await ask(ctx, 'a')
      return String(await ctx.once('k', run))
    })
    assert.equal((await call('retry', {}, echo)).result.content[0].text, '2')
  })
}
