/**
 * `multipleOf` on decimal numbers.
 *
 * A JSON number is a decimal text, a JavaScript number the double nearest to it: 0.0075 / 0.0001 is not 75 in
 * doubles. The shortest decimal of a double gives back what was written, so divisibility is decided on that.
 *
 * Invariant: the answer is exact for the shortest decimal forms of both numbers.
 */

import type { Meter } from './meter.ts'

/** Whether a number is a multiple of a divisor that the function was made for. */
export type MultipleTest = (value: number, meter?: Meter) => boolean

/** Steps of a division that doubles cannot do. */
const EXACT = 200

/**
 * Makes the test "is a multiple of `divisor`".
 *
 * @param divisor - a finite number above 0
 */
export function multipleOf(divisor: number): MultipleTest {
  if (Number.isSafeInteger(divisor)) {
    return (value) => (Number.isInteger(value) ? value % divisor === 0 : false)
  }
  const [digits, exponent] = decompose(divisor)
  const decimals = -exponent
  // 10^22 is the largest power of ten that a double holds exactly.
  if (decimals <= 0 || decimals > 22 || digits > BigInt(Number.MAX_SAFE_INTEGER)) {
    return (value, meter) => exactMultiple(value, digits, exponent, meter)
  }
  const scale = 10 ** decimals
  const unit = Number(digits)
  return (value, meter) => {
    const scaled = Math.round(value * scale)
    if (!Number.isSafeInteger(scaled)) return exactMultiple(value, digits, exponent, meter)
    // Dividing an integer by an exact power of ten rounds correctly: unequal means that `value` has more
    // decimals than any multiple of the divisor can have.
    return scaled / scale === value && scaled % unit === 0
  }
}

function exactMultiple(value: number, digits: bigint, exponent: number, meter: Meter | undefined): boolean {
  if (!Number.isFinite(value)) return false
  meter?.charge(EXACT)
  const [significand, leftExponent] = decompose(value)
  let left = significand
  let right = digits
  if (leftExponent > exponent) left *= 10n ** BigInt(leftExponent - exponent)
  else right *= 10n ** BigInt(exponent - leftExponent)
  return left % right === 0n
}

/** Splits a finite number into digits and a power of ten: 0.075 is 75 x 10^-3. */
function decompose(value: number): [digits: bigint, exponent: number] {
  const [mantissa = '', power = '0'] = value.toExponential().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return [BigInt(whole + fraction), Number(power) - fraction.length]
}
