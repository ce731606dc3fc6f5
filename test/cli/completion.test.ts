/** Tab completion: the scripts in the shells themselves, where these are installed. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { completionScript } from '../../src/cli/completion.ts'

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0
const lacks = (shell: string) => (has(shell) ? false : `there is no ${shell} here`)
const URL_WORDS = ['http', ':', '//127.0.0.1', ':', '1/mcp']
const AT = 'http://127.0.0.1:1/mcp'

/** What is typed, the words that bash makes of it, and what may come in the place of the last one. */
const ROWS: readonly (readonly [line: string, words: readonly string[], replies: string])[] = [
  ['barewire ', ['barewire', ''], 'inspect call read prompt listen login logout completion'],
  ['barewire ins', ['barewire', 'ins'], 'inspect'],
  ['barewire completion ', ['barewire', 'completion', ''], 'bash zsh'],
  [`barewire call ${AT} `, ['barewire', 'call', ...URL_WORDS, ''], 'deploy count'],
  [`barewire call ${AT} d`, ['barewire', 'call', ...URL_WORDS, 'd'], 'deploy'],
  [`barewire call ${AT} deploy `, ['barewire', 'call', ...URL_WORDS, 'deploy', ''], ''],
  [`barewire call ${AT} --js`, ['barewire', 'call', ...URL_WORDS, '--js'], '--json'],
  [`barewire --json call ${AT} d`, ['barewire', '--json', 'call', ...URL_WORDS, 'd'], 'deploy'],
  [`barewire -H 'a: b' call ${AT} d`, ['barewire', '-H', "'a: b'", 'call', ...URL_WORDS, 'd'], 'deploy'],
  ['barewire call --header ', ['barewire', 'call', '--header', ''], ''],
  // Bash puts what it is given in the place of what follows the last colon.
  [`barewire read ${AT} file:///r`, ['barewire', 'read', ...URL_WORDS, 'file', ':', '///r'], '///readme'],
  [`barewire read ${AT} file:`, ['barewire', 'read', ...URL_WORDS, 'file', ':'], '///readme'],
  [`barewire listen ${AT} `, ['barewire', 'listen', ...URL_WORDS, ''], ''],
]

test('bash completes commands, options and names, wherever options stand and whatever has colons', {
  skip: lacks('bash'),
}, () => {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  const stub = `barewire() {
    case "$3" in call) printf 'deploy\\ncount\\n' ;; read) printf 'file:///readme\\n' ;; esac
  }`
  const tries = ROWS.map(([line, words]) => {
    const set = `COMP_LINE=${quoted(line)} COMP_POINT=${line.length} COMP_CWORD=${words.length - 1}`
    return `${set}; COMP_WORDS=(${words.map(quoted).join(' ')}); _barewire; echo "\${COMPREPLY[*]}"`
  })
  const script = [completionScript('bash'), stub, ...tries].join('\n')
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  assert.deepEqual(
    stdout
      .replace(/\n$/, '')
      .split('\n')
      .map((replies, at) => [ROWS[at]?.[0], replies]),
    ROWS.map(([line, , replies]) => [line, replies]),
  )
})

test('bash runs nothing of the name of a tool, and quotes what the shell would take apart', {
  skip: lacks('bash'),
}, () => {
  const names = ['$(echo ran)', '`echo ran`', 'two words', 'a;b', '*', "it's", '$HOME', 'plain']
  const stub = `barewire() { printf '%s\\n' ${names.map((name) => `'${name.replaceAll("'", "'\\''")}'`).join(' ')}; }`
  const words = ['barewire', 'call', ...URL_WORDS, ''].map((word) => `'${word}'`).join(' ')
  const set = `COMP_LINE='barewire call ${AT} '; COMP_CWORD=${URL_WORDS.length + 2}; COMP_WORDS=(${words})`
  // What is completed, and what a shell makes of it that reads it as a part of a line.
  const show = `_barewire; for reply in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $reply"; done`
  const script = [completionScript('bash'), stub, set, show].join('\n')
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  assert.deepEqual([stdout.split('\n').slice(0, -1), stderr], [names, ''])
})

test('zsh completes commands, options and names, wherever options stand', { skip: lacks('zsh') }, () => {
  const stub = `compdef() {}
  compadd() { shift; replies=("$@") }
  barewire() { printf 'deploy\\ncount\\n' }`
  const rows: readonly (readonly [words: readonly string[], replies: string])[] = [
    [['barewire', ''], 'inspect call read prompt listen login logout completion'],
    [['barewire', 'completion', ''], 'bash zsh'],
    [['barewire', 'call', AT, ''], 'deploy count'],
    [['barewire', '-H', 'a: b', '--json', 'call', AT, 'd'], 'deploy count'],
    [['barewire', 'call', AT, 'deploy', ''], ''],
    [['barewire', 'call', '--header', ''], ''],
  ]
  const tries = rows.map(([words]) => {
    const list = words.map((word) => `'${word}'`).join(' ')
    return `replies=(); words=(${list}); CURRENT=$#words; PREFIX=$words[-1]; _barewire; echo "$replies"`
  })
  const script = [stub, completionScript('zsh'), ...tries].join('\n')
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  assert.deepEqual(
    stdout.replace(/\n$/, '').split('\n'),
    rows.map(([, replies]) => replies),
  )
})
