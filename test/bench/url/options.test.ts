import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback, LIMITS, parseUrlOptions } from '../../../bench/url/options.ts'

const LOCAL = 'http://127.0.0.1:9000/mcp'

test('parseUrlOptions refuses another machine unless its owner says so, and then limits the rate', () => {
  for (const url of [
    'https://example.com/mcp',
    'http://127.0.0.1.example.com/',
    'http://10.0.0.1/',
    'http://0.0.0.0/',
  ]) {
    assert.throws(() => parseUrlOptions(['--url', url]), /--i-own-this-server/, url)
    assert.equal(parseUrlOptions(['--url', url, '--i-own-this-server']).maxRate, LIMITS.remoteRate)
  }
  assert.equal(parseUrlOptions(['--url', LOCAL]).maxRate, Number.POSITIVE_INFINITY)
})

test('isLoopback knows the names of this machine, and no name that only looks like one', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', '::1'])
    assert.equal(isLoopback(host), true, host)
  for (const host of ['127.example.com', 'localhost.example.com', '[::2]', '128.0.0.1', '']) {
    assert.equal(isLoopback(host), false, host)
  }
})

test('parseUrlOptions bounds every count', () => {
  for (const name of ['connections', 'seconds', 'sessions', 'streams'] as const) {
    const most = LIMITS[name]
    assert.equal(parseUrlOptions(['--url', LOCAL, `--${name}`, `${most}`])[name], most)
    for (const value of [`${most + 1}`, '0', '-1', '1.5', 'many']) {
      assert.throws(() => parseUrlOptions(['--url', LOCAL, `--${name}`, value]), TypeError)
    }
  }
})

test('parseUrlOptions takes --quick as small numbers, and those that are given as they are, in any order', () => {
  const { quick, connections, seconds, sessions, streams } = parseUrlOptions(['--url', LOCAL, '--quick'])
  assert.deepEqual([quick, connections, seconds, sessions, streams], [true, 4, 1, 10, 10])
  for (const argv of [
    ['--quick', '--streams', '7', '--url', LOCAL],
    ['--url', LOCAL, '--streams', '7', '--quick'],
  ]) {
    const options = parseUrlOptions(argv)
    assert.deepEqual([options.quick, options.streams, options.sessions], [true, 7, 10])
  }
  const whole = parseUrlOptions(['--url', LOCAL])
  assert.deepEqual([whole.quick, whole.seconds], [false, 5])
})

test('parseUrlOptions reads headers, tool and arguments', () => {
  const { headers, tool, args } = parseUrlOptions([
    ...['--url', LOCAL, '--header', 'Authorization: Bearer a:b', '--tool', 'echo', '--args', '{"text":"x"}'],
  ])
  assert.deepEqual(headers, { authorization: 'Bearer a:b' })
  assert.equal(tool, 'echo')
  assert.deepEqual(args, { text: 'x' })
})

test('parseUrlOptions names what is wrong', () => {
  const wrong: [RegExp, ...string[]][] = [
    [/no option "--colour"/, '--colour', 'x'],
    [/--args needs JSON/, '--args', '{'],
    [/--args needs a JSON object/, '--args', '[]'],
    [/--header needs/, '--header', 'nonsense'],
    [/--tool needs a value/, '--tool'],
  ]
  for (const [message, ...argv] of wrong)
    assert.throws(() => parseUrlOptions(['--url', LOCAL, ...argv]), message)
  assert.throws(() => parseUrlOptions(['--url', 'nonsense']), /needs a URL/)
  assert.throws(() => parseUrlOptions(['--url', 'ftp://localhost/']), /needs http or https/)
})
