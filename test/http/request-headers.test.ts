import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderIndex, readHeaders } from '../../src/http/request-headers.ts'
import { HeaderName } from '../../src/protocol/header-names.ts'

test('HeaderIndex says where readHeaders puts each header', () => {
  const names = Object.keys(HeaderIndex) as (keyof typeof HeaderIndex)[]
  for (const name of names) {
    const { values } = readHeaders([HeaderName[name], name])
    assert.equal(values[HeaderIndex[name]], name)
    assert.equal(values.filter((value) => value !== undefined).length, 1, name)
  }
  assert.equal(names.length, readHeaders([]).values.length)
})
