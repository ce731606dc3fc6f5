import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UriTemplate, uriTemplateLimits } from '../../src/features/uri-template.ts'

const match = (template: string, uri: string) => {
  const found = new UriTemplate(template).match(uri)
  return found === undefined ? undefined : { ...found }
}

test('variableNames lists each name once in order', () => {
  const template = new UriTemplate('/{b}/{a}{/b}{?c,d*}')
  assert.deepEqual(template.variableNames, ['b', 'a', 'c', 'd'])
  assert.equal(template.template, '/{b}/{a}{/b}{?c,d*}')
})

test('match reads each kind of expression', () => {
  const rows: [template: string, uri: string, expected: Record<string, string | string[]> | undefined][] = [
    ['test://static', 'test://static', {}],
    ['test://static', 'test://static/', undefined],
    ['http://example.com/users/{name}', 'http://example.com/users/fred', { name: 'fred' }],
    ['/users/{name}/posts/{id}', '/users/fred/posts/123', { name: 'fred', id: '123' }],
    ['/users/{id}', '/users/123/extra', undefined],
    ['/users/{id}', '/users/', undefined],
    ['/users/{id}', '/users', undefined],
    ['/users/{id}', '/users/1?x=1', undefined],
    ['/users/{id}', '/users/1#top', undefined],
    ['/users/{id}', '/posts/1', undefined],
    ['///{a}////{b}////', '///1////2////', { a: '1', b: '2' }],
    ['{a}-{b}', 'x-y-z', { a: 'x-y', b: 'z' }],
    ['{a}{b}', 'xyz', { a: 'xy', b: 'z' }],
    ['{a}{b}', 'x', undefined],
    ['{name}.{extension}', 'archive.tar.gz', { name: 'archive.tar', extension: 'gz' }],
    ['{x,y}', '1,2', { x: '1', y: '2' }],
    ['{x}', '1,2', undefined],
    ['{list*}', '1,2', { list: ['1', '2'] }],
    ['{list*}', '1', { list: ['1'] }],
    ['file:///{+path}', 'file:///a/b/c.txt', { path: 'a/b/c.txt' }],
    ['file:///{+path}', 'file:///', undefined],
    ['{+path}/info', '/a/info/b/info', { path: '/a/info/b' }],
    ['{+x,y}', 'a,b,c', { x: 'a,b', y: 'c' }],
    ['page{#section}', 'page#a/b', { section: 'a/b' }],
    ['page{#section}', 'page', undefined],
    ['X{.var}', 'X.tar.gz', { var: 'tar.gz' }],
    ['X{.list*}', 'X.tar.gz', { list: ['tar', 'gz'] }],
    ['{/a,b}', '/1/2', { a: '1', b: '2' }],
    ['{/list*}', '/red/green', { list: ['red', 'green'] }],
    ['{/list*}', '/red,green,blue', { list: ['red', 'green', 'blue'] }],
    ['/api{/list*}/end', '/api/a/b/end', { list: ['a', 'b'] }],
    ['p{;x,y}', 'p;x=1;y=2', { x: '1', y: '2' }],
    ['p{;x,y}', 'p;y=2;x=1', undefined],
    ['p{;l*}{;m}', 'p;l=1;l=2;m=3', { l: ['1', '2'], m: '3' }],
    ['p{;l*}', 'p;l=1;k=2', undefined],
    ['{var:3}', 'abc', { var: 'abc' }],
    ['{var:3}', 'abcd', undefined],
    ['{var:2}{rest}', 'abcd', { var: 'ab', rest: 'cd' }],
    ['{/var:1,var}', '/v/value', { var: 'value' }],
    ['{/var:1,var}', '/x/value', undefined],
    ['{var}/{var:2}', 'value/va', { var: 'value' }],
    ['{a}/{a}', '1/1', { a: '1' }],
    ['{a}/{a}', '1/12', undefined],
    ['/s{?q}/x', '/s?q=1/x', { q: '1' }],
    ['/s{?l*}#x', '/s?l=1&l=2#x', { l: ['1', '2'] }],
    ['/s?a={a}&b={b}', '/s?a=1&b=2', { a: '1', b: '2' }],
    ['/s?a={a}', '/s?a=1&b=2', undefined],
    ['/{user-id}', '/7', { 'user-id': '7' }],
  ]
  for (const [template, uri, expected] of rows)
    assert.deepEqual(match(template, uri), expected, `${template} on ${uri}`)
})

test('match takes query parameters at the end in any order, missing, or among others', () => {
  const template = '/search{?q,page,tags*}'
  assert.deepEqual(match(template, '/search?q=a&page=2'), { q: 'a', page: '2' })
  assert.deepEqual(match(template, '/search?page=2&q=a'), { q: 'a', page: '2' })
  assert.deepEqual(match(template, '/search?utm=1&q=a%20b'), { q: 'a b' })
  assert.deepEqual(match(template, '/search?q='), { q: '' })
  assert.deepEqual(match(template, '/search?q'), { q: '' })
  assert.deepEqual(match(template, '/search'), {})
  assert.deepEqual(match(template, '/search?tags=a&q=1&tags=b,c'), { q: '1', tags: ['a', 'b', 'c'] })
  assert.deepEqual(match('/s{?a}{?b}', '/s?a=1&b=2'), { a: '1', b: '2' })
  assert.deepEqual(match('/s?v=1{&a,b}', '/s?v=1&b=2'), { b: '2' })
  assert.deepEqual(match('/s?v=1{&a,b}', '/s?v=1'), {})
  assert.deepEqual(match('/s?v={v}{&a}', '/s?v=x/y&a=2'), { v: 'x/y', a: '2' })
  assert.deepEqual(match('{+path}{?q}', '/a/b?q=1'), { path: '/a/b', q: '1' })
  assert.deepEqual(match('{?q}', ''), {})
})

test('match refuses a single-valued query parameter given twice, and a fragment after the query', () => {
  assert.equal(match('/s{?q}', '/s?q=1&q=2'), undefined)
  assert.equal(match('/s{?q}', '/s?q=1#x'), undefined)
  assert.equal(match('/s{?q}', '/sx?q=1'), undefined)
})

test('match decodes once', () => {
  assert.deepEqual(match('/{v}', '/a%2Fb'), { v: 'a/b' })
  assert.deepEqual(match('/{v}', '/a%252Fb'), { v: 'a%2Fb' })
  assert.deepEqual(match('/{v}', '/%e2%82%ac'), { v: '\u20ac' })
  assert.deepEqual(match('/{v}', '/\u20ac uro'), { v: '\u20ac uro' })
  assert.deepEqual(match('/s{?q}', '/s?q=a+b'), { q: 'a+b' })
  assert.deepEqual(match('/caf\u00e9/{v}', '/caf%c3%a9/1'), { v: '1' })
})

test('match never divides a percent-encoded character', () => {
  assert.deepEqual(match('{a}{b}', 'x%C3%A9'), { a: 'x', b: '\u00e9' })
  assert.equal(match('{a}{b}', '%C3%A9'), undefined)
  assert.deepEqual(match('{a:1}{b}', '%F0%9F%98%80x'), { a: '\u{1f600}', b: 'x' })
  assert.equal(match('{a}41', 'x%41'), undefined)
  assert.equal(match('{a}A9{b}', '%C3%A9x'), undefined)
})

test('match gives nothing for malformed percent-encoding anywhere', () => {
  for (const uri of ['/%', '/%4', '/%zz', '/%ff', '/%C3', '/%C3%28', '/a%E2%82', '/\ud800', '/ok?x=%']) {
    assert.equal(match('/{+v}', uri), undefined, JSON.stringify(uri))
  }
})

test('match returns an object without prototype', () => {
  const found = new UriTemplate('/{__proto__}/{constructor}').match('/a/b')
  assert.ok(found !== undefined)
  assert.equal(Object.getPrototypeOf(found), null)
  assert.deepEqual(Object.entries(found), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
})

test('match gives back the values that a URI was expanded from, whatever characters they have', () => {
  const words = [
    'a',
    'a b',
    'x/y',
    '50%',
    '%41',
    '\u00fc\u20ac',
    '\u{1f600}',
    'a,b',
    'k=v&w',
    '?#',
    '..',
    'a.b;c',
    "!'()*",
  ]
  const e = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  const rows: [template: string, uri: (a: string, b: string) => string][] = [
    ['x://{a}/{b}', (a, b) => `x://${e(a)}/${e(b)}`],
    ['x://{a,b}', (a, b) => `x://${e(a)},${e(b)}`],
    ['x:{/a,b}', (a, b) => `x:/${e(a)}/${e(b)}`],
    ['x:{;a,b}', (a, b) => `x:;a=${e(a)};b=${e(b)}`],
    ['x://h{?a,b}', (a, b) => `x://h?a=${e(a)}&b=${e(b)}`],
    ['x://h?z=1{&a,b}', (a, b) => `x://h?z=1&a=${e(a)}&b=${e(b)}`],
    ['x:{/a*}{?b*}', (a, b) => `x:/${e(a)}/${e(b)}?b=${e(b)}&b=${e(a)}`],
  ]
  for (const [source, expand] of rows) {
    const template = new UriTemplate(source)
    const list = source.includes('*')
    for (const first of words) {
      for (const second of words) {
        const values = list ? { a: [first, second], b: [second, first] } : { a: first, b: second }
        const uri = expand(first, second)
        assert.deepEqual({ ...template.match(uri) }, values, `${source} -> ${uri}`)
      }
    }
  }
})

test('match agrees with trying every division', () => {
  // A reference that is correct because it is naive: all splits of a short text over the same template.
  const alphabet = ['a', '-', '/']
  const fits = (parts: (string | null)[], text: string): boolean => {
    const [part, ...rest] = parts
    if (part === undefined) return text === ''
    if (part !== null) return text.startsWith(part) && fits(rest, text.slice(part.length))
    for (let n = 1; n <= text.length && text[n - 1] !== '/'; n++) if (fits(rest, text.slice(n))) return true
    return false
  }
  const shapes: [string, (string | null)[]][] = [
    ['{x}-{y}', [null, '-', null]],
    ['{x}a{y}a', [null, 'a', null, 'a']],
    ['a{x}/{y}-', ['a', null, '/', null, '-']],
    ['{x}aa-a{y}', [null, 'aa-a', null]],
    ['{x}{y}/', [null, null, '/']],
  ]
  let texts = ['']
  for (let length = 0; length < 7; length++)
    texts = texts.flatMap((text) => [text, ...alphabet.map((one) => text + one)])
  for (const [source, parts] of shapes) {
    const template = new UriTemplate(source)
    for (const text of new Set(texts)) {
      assert.equal(template.match(text) !== undefined, fits(parts, text), `${source} on "${text}"`)
    }
  }
})

test('match has no answer for a URI above the length limit', () => {
  const { maxUriLength } = uriTemplateLimits
  const template = new UriTemplate('{+v}')
  assert.deepEqual({ ...template.match('a'.repeat(maxUriLength)) }, { v: 'a'.repeat(maxUriLength) })
  assert.equal(template.match('a'.repeat(maxUriLength + 1)), undefined)
  assert.equal(template.match('\u20ac'.repeat(maxUriLength / 8)), undefined, 'its encoded form is longer')
})

test('match does work proportional to the length, whatever the input', () => {
  // Exponential or cubic matchers do not come back from these; the count of results is what is checked.
  const length = uriTemplateLimits.maxUriLength - 1
  const rows: [string, string][] = [
    ['{a}{b}{c}{d}{e}', `${'a'.repeat(length)}/`],
    ['{a*}x{b*}x{c*}', ','.repeat(length)],
    ['{/a*}{/b*}{/c*}!', '/'.repeat(length)],
    ['{+a}x{+b}x{+c}xy', 'x'.repeat(length)],
    [`{+a}${'x'.repeat(2000)}y{+b}`, 'x'.repeat(length)],
    ['{a}%C3%A9{b}%C3%A9{c}!', '%C3%A9'.repeat(length / 6)],
    ['{a:9999}{b:9999}{c:9999}!', 'a'.repeat(length)],
    ['{;a*}{;b*}!', ';a=1'.repeat(length / 4)],
    ['/s{?q}', `/s?${'q&'.repeat(length / 2 - 4)}`],
  ]
  for (const [template, uri] of rows) assert.equal(match(template, uri), undefined, template)
})

test('UriTemplate names what is wrong with a template', () => {
  const rows: [template: string, message: RegExp][] = [
    ['/a/{unclosed', /"\{" at 3 is never closed/],
    ['{a}{', /"\{" at 3 is never closed/],
    ['a}b', /"\}" without "\{" at 1/],
    ['{}', /\{\}: no variable name/],
    ['{?}', /\{\?\}: no variable name/],
    ['{,}', /operator "," is not defined/],
    ['{|a}', /operator "\|" is not defined/],
    ['{a,}', /"" is not a variable name/],
    ['{a b}', /"a b" is not a variable name/],
    ['{a{b}', /"a\{b" is not a variable name/],
    ['{a:0}', /"a:0": a prefix length/],
    ['{a:10000}', /a prefix length is a number from 1 to 9999/],
    ['{a:}', /a prefix length/],
    ['{a:1:2}', /a prefix length/],
    ['{a:3*}', /exclude each other/],
    ['/%zz/{a}', /malformed percent-encoding in "\/%zz\/"/],
    ['a'.repeat(5000), /5000 characters, at most 4096/],
    ['{a}'.repeat(65), /more than 64 expressions/],
    [`{${Array.from({ length: 65 }, (_, i) => `v${i}`).join(',')}}`, /more than 64 variables/],
  ]
  for (const [template, message] of rows) {
    assert.throws(
      () => new UriTemplate(template),
      (error) => error instanceof TypeError && message.test(error.message) && error.message.length < 400,
      template.slice(0, 40),
    )
  }
})
