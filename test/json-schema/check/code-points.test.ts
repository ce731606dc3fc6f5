import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hasLength } from '../../../src/json-schema/check/code-points.ts'

describe('hasLength', () => {
  test('hasLength agrees with the count of code points for surrogates at every place', () => {
    const units = ['a', '\ud83d', '\ude00', '\u4e00']
    const texts = Array.from({ length: 4 ** 5 }, (_, n) =>
      Array.from({ length: 5 }, (_, i) => units[Math.floor(n / 4 ** i) % 4]).join(''),
    )
    for (const text of texts) {
      for (const part of [text, text.slice(1), text.slice(2)]) {
        const length = [...part].length
        for (let bound = 0; bound <= 6; bound++) {
          assert.equal(hasLength(part, bound, Infinity), length >= bound, JSON.stringify([part, bound]))
          assert.equal(hasLength(part, 0, bound), length <= bound, JSON.stringify([part, bound]))
          assert.equal(hasLength(part, bound, bound), length === bound, JSON.stringify([part, bound]))
        }
      }
    }
  })
})
