/**
 * A-labels of internationalised host names: whether the part after `xn--` decodes (RFC 3492) to a label that
 * IDNA 2008 allows (RFC 5891, section 4.2; contextual rules in RFC 5892, appendix A).
 *
 * Invariant: linear in the length of the label, which is at most 63.
 */

/** Decodes Punycode; undefined when it is malformed. */
function decode(text: string): number[] | undefined {
  const delimiter = text.lastIndexOf('-')
  const output = [...text.slice(0, Math.max(delimiter, 0))].map((char) => char.charCodeAt(0))
  let [code, index, bias] = [128, 0, 72]
  let at = delimiter + 1
  while (at < text.length) {
    const before = index
    for (let weight = 1, k = 36; ; k += 36) {
      if (at >= text.length) return undefined
      const digit = digitOf(text.charCodeAt(at++))
      if (digit === undefined) return undefined
      index += digit * weight
      const threshold = Math.min(Math.max(k - bias, 1), 26)
      if (digit < threshold) break
      weight *= 36 - threshold
      if (!Number.isSafeInteger(index) || !Number.isSafeInteger(weight)) return undefined
    }
    const size = output.length + 1
    bias = adapt(index - before, size, before === 0)
    code += Math.floor(index / size)
    index %= size
    if (code > 0x10ffff) return undefined
    output.splice(index++, 0, code)
  }
  return output
}

function digitOf(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 22
  const letter = (code | 0x20) - 0x61
  return letter >= 0 && letter < 26 ? letter : undefined
}

function adapt(delta: number, size: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2))
  rest += Math.floor(rest / size)
  let k = 0
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35)
  return k + Math.floor((36 * rest) / (rest + 38))
}

// RFC 5892, section 2.6: code points whose general category would say otherwise.
const PVALID = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/u
const DISALLOWED = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/u
// The virama signs (canonical combining class 9) of the Brahmic scripts.
const VIRAMA =
  /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a\u1714\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua8c4\ua953\ua9c0\uaaf6\uabed]$/u
// Patterns with `\p` are written where they are used: each costs a walk through the Unicode tables when it is made, and
// hardly any server gets such a label.

/** Whether the Punycode part of an A-label encodes an allowed label. */
export function isPunycodeLabel(text: string): boolean {
  const codes = decode(text)
  if (codes === undefined || codes.length === 0) return false
  const chars = codes.map((code) => String.fromCodePoint(code))
  const label = chars.join('')
  // An A-label of ASCII alone needs no encoding.
  if (!codes.some((code) => code > 0x7f)) return false
  if (label.startsWith('-') || label.endsWith('-') || label.slice(2, 4) === '--' || /^\p{M}/u.test(label))
    return false
  return label === label.normalize('NFC') && chars.every((char, i) => isAllowed(char, i, chars, label))
}

function isAllowed(char: string, i: number, chars: readonly string[], label: string): boolean {
  const before = chars[i - 1] ?? ''
  const after = chars[i + 1] ?? ''
  switch (char) {
    case '\u00b7':
      return before === 'l' && after === 'l'
    case '\u0375':
      return /^\p{Script=Greek}$/u.test(after)
    case '\u05f3':
    case '\u05f4':
      return /^\p{Script=Hebrew}$/u.test(before)
    case '\u30fb':
      return /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(label.replaceAll(char, ''))
    case '\u200d':
      return VIRAMA.test(before)
    case '\u200c':
      return VIRAMA.test(before) || (isJoining(before) && isJoining(after))
    default:
  }
  if (/^[\u0660-\u0669]$/u.test(char)) return !/[\u06f0-\u06f9]/u.test(label)
  if (/^[\u06f0-\u06f9]$/u.test(char)) return !/[\u0660-\u0669]/u.test(label)
  if (PVALID.test(char)) return true
  if (DISALLOWED.test(char)) return false
  // Unstable under compatibility mapping or case folding: a mapped form exists, so this one is not allowed.
  return (
    /^[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}-]$/u.test(char) && char.normalize('NFKC').toLowerCase() === char
  )
}

/** Of a script whose letters join (RFC 5892, appendix A.1), close enough without the joining-type table. */
function isJoining(char: string): boolean {
  return /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}\p{Script=Mandaic}]$/u.test(
    char,
  )
}
