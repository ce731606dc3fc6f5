import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isJson, negotiate, parseMediaType } from '../../src/http/media-type.ts'

test('parseMediaType reads type, subtype and parameters', () => {
  const table: readonly (readonly [string, string, Record<string, string>])[] = [
    ['application/json', 'application/json', {}],
    ['Application/JSON', 'application/json', {}],
    ['application/json;charset=utf-8', 'application/json', { charset: 'utf-8' }],
    ['application/json ; Charset="UTF-8" ', 'application/json', { charset: 'UTF-8' }],
    ['application/json;', 'application/json', {}],
    ['application/json; ;a=b;', 'application/json', { a: 'b' }],
    ['\tapplication/json\t', 'application/json', {}],
    ['text/plain; x="application/json; \\"q\\""', 'text/plain', { x: 'application/json; "q"' }],
    ['text/plain;__proto__=1', 'text/plain', JSON.parse('{"__proto__":"1"}')],
    ['application/vnd.api+json', 'application/vnd.api+json', {}],
    ['a/b;x=""', 'a/b', { x: '' }],
  ]
  for (const [value, essence, parameters] of table) {
    const parsed = parseMediaType(value)
    assert.equal(parsed?.essence, essence, value)
    assert.equal(`${parsed?.type}/${parsed?.subtype}`, essence, value)
    assert.deepEqual([...(parsed?.parameters ?? [])], Object.entries(parameters), value)
  }
})

test('parseMediaType gives undefined for what is not exactly one media type', () => {
  const table = [
    '',
    ' ',
    'json',
    '/json',
    'application/',
    'application /json',
    'application/ json',
    'application/json, text/plain',
    'application/json x',
    'application/json;charset',
    'application/json;charset=',
    'application/json;charset =utf-8',
    'application/json;charset= utf-8',
    'application/json;charset="utf-8',
    'application/json;charset=utf-8;charset=utf-8',
    'application/json;charset=utf-8;Charset=latin1',
    'applicatiön/json',
    'application/json\0',
    'application//json',
    'application/json/x',
  ]
  for (const value of table) assert.equal(parseMediaType(value), undefined, JSON.stringify(value))
})

test('isJson accepts application/json in UTF-8 only', () => {
  for (const value of [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8',
    'application/json; profile="https://example.com/x"',
  ]) {
    assert.equal(isJson(value), true, value)
  }
  for (const value of [
    undefined,
    '',
    'text/plain',
    'text/json',
    'application/json-rpc',
    'application/jsonp',
    'application/vnd.api+json',
    'text/plain; x="application/json"',
    'text/plain, application/json',
    'application/json, text/plain',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=utf-16',
    '*/*',
  ]) {
    assert.equal(isJson(value), false, String(value))
  }
})

test('negotiate says which answer types are acceptable, and which are named', () => {
  const [none, json, sse, both] = ['', 'json', 'sse', 'json sse']
  const table: readonly (readonly [string | undefined, string, string])[] = [
    // header, acceptable, named
    [undefined, both, none],
    ['', both, none],
    [' , ,', both, none],
    ['*/*', both, none],
    ['application/json', json, json],
    ['text/event-stream', sse, sse],
    ['application/json, text/event-stream', both, both],
    ['text/event-stream,application/json', both, both],
    ['APPLICATION/JSON , Text/Event-Stream', both, both],
    ['application/*', json, none],
    ['text/*', sse, none],
    ['text/html', none, none],
    ['text/html, */*;q=0.1', both, none],
    ['text/html,application/xhtml+xml,image/*;q=0.8', none, none],
    ['application/json;q=0', none, none],
    ['application/json;q=0.000', none, none],
    ['application/json; Q=0.001', json, json],
    ['application/json;q=0, */*', sse, none],
    ['*/*, application/json;q=0', sse, none],
    ['application/*;q=0, application/json', json, json],
    ['text/*;q=0, */*', json, none],
    ['*/*;q=0, text/event-stream', sse, sse],
    ['*/*;q=0', none, none],
    ['application/json;q=0, application/json', json, json],
    ['application/json;charset=utf-8', json, json],
    ['application/json;profile="a, text/event-stream"', json, json],
    ['application/json;q=high', json, json],
    ['nonsense, application/json', json, json],
    ['application/json extra, text/event-stream', sse, sse],
    ['nonsense', both, none],
    ['"text/event-stream"', both, none],
    ['*/json', none, none],
    ['application/json-seq', none, none],
    ['xapplication/json', none, none],
  ]
  for (const pass of ['parsed', 'remembered']) {
    for (const [header, acceptable, named] of table) {
      const accepts = negotiate(header)
      const label = `${JSON.stringify(header)}, ${pass}`
      assert.equal(
        [accepts.json && 'json', accepts.sse && 'sse'].filter(Boolean).join(' '),
        acceptable,
        label,
      )
      assert.equal(
        [accepts.jsonNamed && 'json', accepts.sseNamed && 'sse'].filter(Boolean).join(' '),
        named,
        label,
      )
    }
  }
})

test('negotiate gives right answers for any number of different values', () => {
  for (let index = 0; index < 500; index += 1) {
    assert.deepEqual(negotiate(`application/json;v=${index}`), {
      json: true,
      sse: false,
      jsonNamed: true,
      sseNamed: false,
      htmlNamed: false,
    })
    assert.equal(negotiate('text/event-stream').json, false)
  }
})
