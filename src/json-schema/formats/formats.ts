/**
 * `format` as an assertion: one test for each known name. Unknown names assert nothing.
 *
 * Spec: validation 2020-12, section 7.3, and the RFC named at each test. Every test takes time linear in the
 * length of the string.
 */

import { isPunycodeLabel } from './punycode.ts'

type Test = (value: string) => boolean

const matches =
  (pattern: RegExp): Test =>
  (value) =>
    pattern.test(value)

const MONTH_DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** RFC 3339 full-date, with the length of each month. */
function isDate(value: string): boolean {
  const match = DATE.exec(value)
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (month === 2 && day === 29) return leap
  return day >= 1 && day <= (MONTH_DAYS[month] ?? 0)
}

/** RFC 3339 full-time; a leap second only where UTC has 23:59:60. */
function isTime(value: string): boolean {
  const match = TIME.exec(value)
  if (match === null) return false
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [zoneHour, zoneMinute] = [Number(match[5] ?? 0), Number(match[6] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return false
  if (second < 60) return true
  const ahead = (zoneHour * 60 + zoneMinute) * (match[4] === '-' ? -1 : 1)
  return (hour * 60 + minute - ahead + 2880) % 1440 === 1439
}

/** RFC 3339 date-time. */
function isDateTime(value: string): boolean {
  const separator = value[10]
  return (separator === 'T' || separator === 't') && isDate(value.slice(0, 10)) && isTime(value.slice(11))
}

/** RFC 3339, appendix A: weeks are not combined with other units; a unit may be omitted only at either end. */
const DURATION =
  /^P(?:\d+W|(?=\d|T\d)(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)$/

/** RFC 1123 host name: labels of letters, digits and inner hyphens; 253 in all. A-labels per RFC 5891. */
function isHostname(value: string): boolean {
  if (value.length === 0 || value.length > 253) return false
  return value.split('.').every((label) => {
    if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) return false
    // Hyphens in positions 3 and 4 are for A-labels (RFC 5891, section 4.2.3.1).
    if (label.slice(2, 4) !== '--') return true
    return /^xn--/i.test(label) && isPunycodeLabel(label.slice(4))
  })
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)
const HEX_GROUP = /^[0-9a-f]{1,4}$/i

/** RFC 4291, section 2.2; no zone. */
function isIpv6(value: string): boolean {
  if (value.length > 45) return false
  const halves = value.split('::')
  if (halves.length > 2) return false
  let groups = 0
  for (const [index, half] of halves.entries()) {
    if (half === '') continue
    const parts = half.split(':')
    for (const [at, part] of parts.entries()) {
      const last = index === halves.length - 1 && at === parts.length - 1
      if (HEX_GROUP.test(part)) groups++
      else if (last && IPV4.test(part)) groups += 2
      else return false
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
const EMAIL_LOCAL = new RegExp(
  `^(?:${ATOM}(?:\\.${ATOM})*|"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\x20-\\x7e])*")$`,
)

/** RFC 5321 Mailbox. */
function isEmail(value: string): boolean {
  const at = value.lastIndexOf('@')
  if (at < 1 || at > 64 || value.length > 320) return false
  const domain = value.slice(at + 1)
  if (!EMAIL_LOCAL.test(value.slice(0, at))) return false
  if (!domain.startsWith('[')) return isHostname(domain)
  if (!domain.endsWith(']')) return false
  const address = domain.slice(1, -1)
  return /^IPv6:/i.test(address) ? isIpv6(address.slice(5)) : IPV4.test(address)
}

const PCHAR = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
const PATH = new RegExp(`^(?:${PCHAR}|/)*$`)
const QUERY = new RegExp(`^(?:${PCHAR}|[/?])*$`)
const USERINFO = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*$/
const REG_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/
const IPV_FUTURE = /^v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+$/i

/** RFC 3986 authority: user information, host and port. */
function isAuthority(value: string): boolean {
  const at = value.indexOf('@')
  if (at !== -1 && !USERINFO.test(value.slice(0, at))) return false
  const rest = value.slice(at + 1)
  if (rest.startsWith('[')) {
    const end = rest.indexOf(']')
    const host = rest.slice(1, end)
    return end !== -1 && (isIpv6(host) || IPV_FUTURE.test(host)) && /^(?::\d*)?$/.test(rest.slice(end + 1))
  }
  const colon = rest.indexOf(':')
  const host = colon === -1 ? rest : rest.slice(0, colon)
  return REG_NAME.test(host) && (colon === -1 || /^\d*$/.test(rest.slice(colon + 1)))
}

/** RFC 3986: a URI, or with `relative` a URI reference. */
function isUri(value: string, relative: boolean): boolean {
  const hash = value.indexOf('#')
  const withoutFragment = hash === -1 ? value : value.slice(0, hash)
  if (hash !== -1 && !QUERY.test(value.slice(hash + 1))) return false
  const mark = withoutFragment.indexOf('?')
  let rest = mark === -1 ? withoutFragment : withoutFragment.slice(0, mark)
  if (mark !== -1 && !QUERY.test(withoutFragment.slice(mark + 1))) return false
  const colon = rest.search(/[:/]/)
  if (rest[colon] === ':') {
    if (!SCHEME.test(rest.slice(0, colon))) return false
    rest = rest.slice(colon + 1)
  } else if (!relative) return false
  if (rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2)
    if (!isAuthority(slash === -1 ? rest.slice(2) : rest.slice(2, slash))) return false
    rest = slash === -1 ? '' : rest.slice(slash)
  }
  return PATH.test(rest)
}

// RFC 6570: literals and expressions; a variable is dotted names with a prefix length or an explode mark.
const VARNAME = '(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*'
const VARSPEC = `${VARNAME}(?::[1-9]\\d{0,3}|\\*)?`
const EXPRESSION = new RegExp(`^[+#./;?&=,!@|]?${VARSPEC}(?:,${VARSPEC})*$`)
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 6570 forbids them in literals
const LITERALS = /^(?:[^\x00-\x20"<>\\^`{|}%\x7f]|%[0-9A-Fa-f]{2})*$/

function isUriTemplate(value: string): boolean {
  let from = 0
  while (from < value.length) {
    const open = value.indexOf('{', from)
    if (!LITERALS.test(value.slice(from, open === -1 ? value.length : open))) return false
    if (open === -1) return true
    const close = value.indexOf('}', open)
    if (close === -1 || !EXPRESSION.test(value.slice(open + 1, close))) return false
    from = close + 1
  }
  return true
}

/** Compiling a regular expression takes a quarter of a microsecond for each character. */
const MAX_REGEX = 65_536

function isRegex(value: string): boolean {
  if (value.length > MAX_REGEX) return false
  try {
    new RegExp(value, 'u')
    return true
  } catch {
    return false
  }
}

/** The tests by format name. */
export const FORMATS: ReadonlyMap<string, Test> = new Map([
  ['date-time', isDateTime],
  ['date', isDate],
  ['time', isTime],
  ['duration', matches(DURATION)],
  ['email', isEmail],
  ['uri', (value: string) => isUri(value, false)],
  ['uri-reference', (value: string) => isUri(value, true)],
  ['uri-template', isUriTemplate],
  ['uuid', matches(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i)],
  ['ipv4', matches(IPV4)],
  ['ipv6', isIpv6],
  ['hostname', isHostname],
  ['regex', isRegex],
  // RFC 6901, section 3
  ['json-pointer', matches(/^(?:\/(?:[^~/]|~[01])*)*$/)],
])
