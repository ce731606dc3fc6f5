import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHostCheck } from '../../src/http/host.ts'

function assertMatrix(
  allowedHosts: readonly string[] | undefined,
  accepted: readonly string[],
  refused: readonly string[],
): void {
  const check = createHostCheck({ allowedHosts })
  // Twice and interleaved, since the check remembers what it accepted last.
  for (let round = 0; round < 2; round += 1) {
    for (const value of accepted) assert.equal(check(value), true, `${allowedHosts}: ${value}`)
    for (const value of refused) {
      assert.equal(typeof check(value), 'string', `${allowedHosts}: ${value}`)
      if (accepted[0] !== undefined) check(accepted[0])
    }
  }
}

test('createHostCheck allows the loopback names on every port by default, and nothing else', () => {
  assertMatrix(
    undefined,
    ['localhost', 'localhost:3000', 'LocalHost:80', '127.0.0.1', '127.0.0.1:65535', '[::1]', '[::1]:3000'],
    [
      '',
      'example.com',
      'localhost.example.com',
      'example.com:localhost',
      'notlocalhost',
      'localhost.',
      '127.0.0.1.nip.io',
      '127.0.0.2',
      '0.0.0.0',
      '::1',
      '[::2]',
      '[::1',
      'localhost:',
      'localhost:x',
      'localhost:123456',
      'localhost:3000:3000',
      'user@localhost',
      'localhost/x',
      ' localhost',
      'localhost, localhost',
      'localhost\0',
      'löcalhost',
      '*',
      '__proto__',
    ],
  )
})

test('createHostCheck refuses a missing Host', () => {
  assert.match(String(createHostCheck({ allowedHosts: undefined })(undefined)), /missing.*allowedHosts/)
})

test('createHostCheck with an entry that has a port matches that port only', () => {
  assertMatrix(
    ['Example.com:8443'],
    ['example.com:8443', 'EXAMPLE.COM:8443'],
    [
      'example.com',
      'example.com:8444',
      'example.com:84',
      'x.example.com:8443',
      'localhost:8443',
      'localhost',
    ],
  )
})

test('createHostCheck with an entry without a port matches the host and the host with any port', () => {
  assertMatrix(
    ['example.com', '[fd00::1]'],
    ['example.com', 'example.com:1', 'Example.Com:443', '[FD00::1]:80'],
    ['www.example.com', 'example.com.evil.org', 'example.co', 'example.com:x', 'examplexcom', '[fd00::2]'],
  )
})

test('createHostCheck with * allows everything', () => {
  const check = createHostCheck({ allowedHosts: ['example.com', '*'] })
  for (const value of [undefined, '', 'anything', 'x:y:z']) assert.equal(check(value), true)
})

test('createHostCheck names the value and the option in its refusal, bounded and escaped', () => {
  const check = createHostCheck({ allowedHosts: undefined })
  assert.match(String(check('evil.example:80')), /"evil\.example:80".*allowedHosts/)
  const long = String(check(`\u0001${'x'.repeat(10_000)}`))
  assert.ok(long.length < 300)
  assert.ok(!long.includes('\u0001'))
})

test('createHostCheck throws a TypeError that names the option for an entry that is no host', () => {
  for (const entry of [
    '',
    'http://example.com',
    'example.com/',
    'a b',
    '*.example.com',
    '::1',
    'example.com:*',
    'exämple.com',
  ]) {
    assert.throws(
      () => createHostCheck({ allowedHosts: [entry] }),
      { name: 'TypeError', message: /^allowedHosts: / },
      entry,
    )
  }
  assert.throws(() => createHostCheck({ allowedHosts: [] }), { name: 'TypeError', message: /^allowedHosts/ })
  assert.throws(() => createHostCheck({ allowedHosts: 'localhost' as unknown as string[] }), {
    name: 'TypeError',
  })
  assert.throws(() => createHostCheck({ allowedHosts: [1 as unknown as string] }), { name: 'TypeError' })
})
