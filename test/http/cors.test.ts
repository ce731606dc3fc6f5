import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCors } from '../../src/http/cors.ts'

const cors = createCors({
  allowedHeaders: ['authorization', 'content-type'],
  exposedHeaders: ['X-Session', 'WWW-Authenticate'],
  allowedHeaderPrefixes: ['x-param-'],
})

function toMap(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>()
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at] as string
    assert.ok(!map.has(name), `${name} occurs once`)
    map.set(name, flat[at + 1] as string)
  }
  return map
}

test('headers names the origin, varies by it and exposes the headers passed in', () => {
  assert.deepEqual(Object.fromEntries(toMap(cors.headers('https://a.example'))), {
    'Access-Control-Allow-Origin': 'https://a.example',
    Vary: 'Origin',
    'Access-Control-Expose-Headers': 'X-Session, WWW-Authenticate',
  })
})

test('headers varies by Origin for a request that has none', () => {
  assert.deepEqual(cors.headers(undefined), ['Vary', 'Origin'])
})

test('preflight allows the methods, the headers and a time to remember them', () => {
  assert.deepEqual(Object.fromEntries(toMap(cors.preflight('https://a.example'))), {
    'Access-Control-Allow-Origin': 'https://a.example',
    'Access-Control-Allow-Methods': 'GET, POST, DELETE',
    'Access-Control-Allow-Headers': 'authorization, content-type',
    'Access-Control-Max-Age': '86400',
    Vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network',
  })
})

test('preflight from the internet to a private address is allowed when it is asked for', () => {
  const allowed = toMap(cors.preflight('https://a.example', 'content-type', true))
  assert.equal(allowed.get('Access-Control-Allow-Private-Network'), 'true')
})

test('preflight allows requested headers with an allowed prefix, and never anything else', () => {
  const requested = 'X-Param-City, cookie,x-param-b , x-param-ü, x-param-a\r\nx: y, ,evil-x-param-c'
  const headers = toMap(cors.preflight('https://a.example', requested))
  assert.equal(
    headers.get('Access-Control-Allow-Headers'),
    'authorization, content-type, x-param-city, x-param-b',
  )
  const plain = createCors({ allowedHeaders: ['a'], exposedHeaders: [] })
  assert.equal(
    toMap(plain.preflight('https://a.example', 'x-param-city')).get('Access-Control-Allow-Headers'),
    'a',
  )
})

test('no CORS answer allows every origin or credentials', () => {
  for (const flat of [cors.headers('https://a.example'), cors.preflight('https://a.example', 'x')]) {
    assert.ok(!flat.includes('*'))
    assert.ok(!flat.includes('Access-Control-Allow-Credentials'))
  }
})
