/** The keys of `_meta` that barewire writes have the form that the specification prescribes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MetaKey } from '../../src/protocol/meta-keys.ts'

/** Named by the specification itself, or by W3C trace context as the specification adopts it: no prefix. */
const UNPREFIXED: readonly string[] = ['progressToken', 'traceparent', 'tracestate', 'baggage']

test('a prefix is the reversed name of a domain, labels joined by dots, then a slash [basic.meta-key-prefix] [basic.meta-key-labels] [basic.meta-key-reverse-dns]', () => {
  const keys: readonly string[] = Object.values(MetaKey)
  const prefixed = keys.filter((key) => !UNPREFIXED.includes(key))
  assert.ok(prefixed.length > 0)
  for (const key of prefixed) {
    assert.match(
      key,
      /^(?:[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\/[^/]+$/,
    )
    assert.match(key, /^(?:io|com|org|dev)\.[a-z]/)
  }
})

test('the name of a key begins and ends with a letter or digit [basic.meta-key-name]', () => {
  for (const key of Object.values(MetaKey)) {
    assert.match(key.slice(key.indexOf('/') + 1), /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/)
  }
})
