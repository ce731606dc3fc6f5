/** Names of options: which known one is suggested for an unknown one, and what is said when none is near. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkNames, refuseOthers, suggestion } from '../../src/bounds/option-names.ts'

const known = ['title', 'description', 'inputSchema', 'outputSchema', 'timeoutMs', '_meta', 'allowedOrigins']
const words = { inputSchema: 'parameters args', argsSchema: 'args', 'say it elsewhere': 'name' }

test('suggestion gives the nearest known name for slips, other spelling, parts and words of other libraries', () => {
  const rows: [string, string | undefined][] = [
    ['descripton', 'description'],
    ['desciption', 'description'],
    ['Description', 'description'],
    ['decsription', 'description'],
    ['tittle', 'title'],
    ['inputschema', 'inputSchema'],
    ['input_schema', 'inputSchema'],
    ['imputSchema', 'inputSchema'],
    ['outputSchemas', 'outputSchema'],
    ['timeout', 'timeoutMs'],
    ['meta', '_meta'],
    ['origins', 'allowedOrigins'],
    ['parameters', 'inputSchema'],
    ['args', 'inputSchema'],
    ['colour', undefined],
    ['x', undefined],
    ['', undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
  ]
  for (const [name, right] of rows) {
    const expected = right === undefined ? '' : `: did you mean ${JSON.stringify(right)}?`
    assert.equal(suggestion(name, known, words), expected, name)
  }
  assert.equal(suggestion('name', known, words), ': say it elsewhere')
  assert.equal(suggestion('args', ['argsSchema'], words), ': did you mean "argsSchema"?')
})

test('checkNames and refuseOthers name what is unknown, with its place, and pass what is known', () => {
  checkNames({ title: undefined, _meta: 1 }, known, 'auth.')
  assert.throws(() => checkNames({ title: 1, titel: undefined }, known, 'auth.'), {
    name: 'TypeError',
    message: 'There is no option "auth.titel": did you mean "auth.title"?',
  })
  for (const [value, kind] of [
    [null, 'null'],
    [[], 'an array'],
    [5, 'the number 5'],
  ]) {
    assert.throws(() => checkNames(value, known, 'auth.'), {
      message: `auth must be an object; got ${kind}`,
    })
  }
  assert.throws(() => refuseOthers('tool "t" has', { colour: 1 }, known), {
    name: 'TypeError',
    message: 'tool "t" has no option "colour"',
  })
})
