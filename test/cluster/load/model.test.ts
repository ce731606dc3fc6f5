/** The model of the kill loop finds what it is there for: histories that are wrong in one way each. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from './history.ts'
import { check } from './model.ts'

const options = { leaseMs: 1000, slackMs: 500, lagMs: 0 }

const call = {
  type: 'call',
  at: 0,
  client: 'a',
  call: 'c1',
  tool: 'count',
  messages: 3,
  workMs: 100,
} as const
const progress = (n: number, at = n): Entry => ({ type: 'progress', at, call: 'c1', n, node: 'n1' })
const answer = (outcome: 'result' | 'error' | 'refused' | 'gap', at = 100): Entry => ({
  type: 'answer',
  at,
  call: 'c1',
  outcome,
  text: outcome === 'result' ? 'c1 done n1' : 'why',
})
const killed = (node: string, at = 50): Entry => ({ type: 'ended', at, node, signal: 'SIGKILL' })
const whole: readonly Entry[] = [call, progress(1), progress(2), progress(3)]

const session = { type: 'listening', at: 0, client: 'a', stream: 'session', session: true } as const
const stream = { type: 'listening', at: 0, client: 'a', stream: '1', session: false } as const
const announced = (n: number, at = n * 100): Entry => ({
  type: 'announced',
  at,
  node: 'n1',
  n,
  began: at - 1,
})
const heard = (n: number, at = n * 100): Entry => ({ type: 'heard', at, client: 'a', node: 'n1', n })
const updated: Entry = { type: 'updated', at: 500, client: 'a' }
const announce = {
  type: 'call',
  at: 0,
  client: 'a',
  call: 'c2',
  tool: 'announce',
  messages: 0,
  workMs: 0,
} as const
const announceAnswer: Entry = { type: 'answer', at: 1, call: 'c2', outcome: 'result', text: 'n1 1' }
const told = [announce, announceAnswer] as const

const fine: { readonly [name: string]: readonly Entry[] } = {
  'a call with all of its messages and its result': [...whole, answer('result')],
  'a call that ends with an error, because its node died': [
    call,
    progress(1),
    killed('n1'),
    answer('error', 900),
  ],
  'a refusal at the very end of what a lease allows': [call, killed('n1'), answer('refused', 50 + 3000)],
  'an answer that comes after the store is back': [
    ...whole,
    { type: 'outage', at: 10, until: 5000 },
    answer('result', 5500),
  ],
  'what was announced, heard in order': [
    session,
    ...told,
    announced(1),
    announced(2),
    heard(1),
    heard(2),
    updated,
  ],
  'announcements that were lost, and said to be': [
    session,
    ...told,
    announced(1),
    { type: 'warned', at: 150, client: 'a' },
    updated,
  ],
  'an announcement that died with its node': [session, ...told, announced(1), killed('n1', 900), updated],
  'an announcement after the end of a stream': [
    stream,
    ...told,
    { type: 'unheard', at: 50, client: 'a', stream: '1' },
    announced(1),
    updated,
  ],
}

for (const [name, entries] of Object.entries(fine)) {
  test(`check has nothing against ${name}`, () => {
    assert.deepEqual(check(entries, options), [])
  })
}

const wrong: { readonly [name: string]: readonly [RegExp, readonly Entry[]] } = {
  'a call without an answer': [/never answered/, whole],
  'a call with two answers': [/answered 2 times/, [...whole, answer('result'), answer('result')]],
  'a message that came twice': [
    /message 1 in the place of 2/,
    [call, progress(1), progress(1), answer('result')],
  ],
  'messages out of order': [
    /message 2 in the place of 1/,
    [call, progress(2), progress(1), answer('result')],
  ],
  'a message that is missing': [
    /message 3 in the place of 2/,
    [call, progress(1), progress(3), answer('result')],
  ],
  'messages that are missing at the end': [
    /has 2 messages and a result/,
    [...whole.slice(0, 3), answer('result')],
  ],
  'a gap before an error': [
    /message 2 in the place of 1/,
    [call, progress(2), killed('n1'), answer('error')],
  ],
  'the result of another call': [
    /has the result "c9 done"/,
    [...whole, { type: 'answer', at: 9, call: 'c1', outcome: 'result', text: 'c9 done' }],
  ],
  'a refusal to resume, though a node died': [
    /refused to be resumed/,
    [call, progress(1), killed('n1'), answer('gap')],
  ],
  'an error while all nodes live': [/no node died/, [...whole, answer('error')]],
  'a refusal after a node ended in good order': [
    /no node died/,
    [call, { type: 'ended', at: 50, node: 'n1', signal: 'SIGTERM' }, answer('refused')],
  ],
  'an error of a call whose node lives, when another one died': [
    /of n1 .* no node died/,
    [call, progress(1), killed('n2'), answer('error')],
  ],
  'an answer that took too long': [/2400 ms too long/, [...whole, answer('result', 3000)]],
  'an answer long after the lease': [/too long/, [call, killed('n1'), answer('error', 50 + 3001)]],
  'an event id that came twice': [
    /event x_1 came twice/,
    [
      { type: 'event', at: 1, client: 'a', id: 'x_1' },
      { type: 'event', at: 2, client: 'a', id: 'x_1' },
    ],
  ],
  'a question that was asked twice': [
    /asked twice: s-1/,
    [
      ...whole,
      { type: 'asked', at: 5, call: 'c1', question: 's-1' },
      { type: 'asked', at: 6, call: 'c1', question: 's-1' },
      answer('result'),
    ],
  ],
  'an announcement that was not heard': [
    /never heard 1 of n1/,
    [session, ...told, announced(1), announced(2), heard(2), updated],
  ],
  'an announcement that an open stream did not bring': [
    /never heard 1 of n1/,
    [stream, ...told, announced(1), updated, { type: 'unheard', at: 2000, client: 'a', stream: '1' }],
  ],
  'an announcement that was heard twice': [
    /heard 1 of n1 after 1/,
    [session, ...told, announced(1), heard(1), heard(1), updated],
  ],
  'announcements that were heard out of order': [
    /heard 1 of n1 after 2/,
    [session, ...told, announced(1), announced(2), heard(2), heard(1), updated],
  ],
  'an update that did not come': [/the last update did not come/, [session, ...told, announced(1), heard(1)]],
  'more updates than there were announcements': [
    /6 updates, expected at most 4/,
    [session, ...told, announced(1), heard(1), ...Array<Entry>(6).fill(updated)],
  ],
  'a session that is lost': [/404/, [{ type: 'broken', at: 1, client: 'a', what: '404 for tools/call' }]],
}

for (const [name, [problem, entries]] of Object.entries(wrong)) {
  test(`check finds ${name}`, () => {
    const problems = check(entries, options)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', problem)
  })
}
