import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { csvLimits, summarizeCsv } from '../../scripts/demo/csv.ts'
import { Root } from '../../scripts/demo/root.ts'
import { UserError } from '../../scripts/demo/user-error.ts'
import { makeFolder } from './folder.ts'

const open = async (t: TestContext, content: string | Uint8Array) =>
  Root.open(await makeFolder(t, { 'data.csv': content }))

test('summarizeCsv gives the statistics of each column', async (t) => {
  const root = await open(
    t,
    '\ufeffid,city,"temp, \u00b0C"\r\n1,Bern,-1.5\r\n2,"Z\u00fcrich ""ZH""",2.5e1\r\n3,,\r\n4,Bern,n/a\r\n',
  )
  assert.deepEqual(await summarizeCsv(root, { path: 'data.csv' }), {
    rows: 4,
    raggedRows: 0,
    columns: [
      {
        name: 'id',
        count: 4,
        empty: 0,
        distinct: 4,
        distinctTruncated: false,
        numeric: { count: 4, min: 1, max: 4, mean: 2.5 },
      },
      { name: 'city', count: 3, empty: 1, distinct: 2, distinctTruncated: false },
      {
        name: 'temp, \u00b0C',
        count: 3,
        empty: 1,
        distinct: 3,
        distinctTruncated: false,
        numeric: { count: 2, min: -1.5, max: 25, mean: 11.75 },
      },
    ],
  })
})

test('summarizeCsv keeps line ends inside quotes and takes another delimiter', async (t) => {
  const root = await open(t, 'a;b\n"1\n2";3\n')
  const { rows, columns } = await summarizeCsv(root, { path: 'data.csv', delimiter: ';' })
  assert.equal(rows, 1)
  assert.deepEqual(
    columns.map(({ name, numeric }) => [name, numeric?.mean]),
    [
      ['a', undefined],
      ['b', 3],
    ],
  )
})

test('summarizeCsv counts rows that do not fit the header', async (t) => {
  const { rows, raggedRows, columns } = await summarizeCsv(await open(t, 'a,b\n1\n1,2,3\n1,2\n'), {
    path: 'data.csv',
  })
  assert.deepEqual([rows, raggedRows, columns.length, columns[1]?.empty], [3, 2, 2, 1])
})

test('summarizeCsv takes only finite decimal numbers as numbers', async (t) => {
  const cells = [
    '0x10',
    'Infinity',
    'NaN',
    '1e999',
    '1_000',
    '--1',
    '.',
    '1.',
    '.5',
    '+2',
    ' 3 ',
    `1${'0'.repeat(50)}x`,
  ]
  const { columns } = await summarizeCsv(await open(t, `n\n${cells.join('\n')}\n`), { path: 'data.csv' })
  assert.deepEqual(columns[0]?.numeric, { count: 4, min: 0.5, max: 3, mean: 1.625 })
})

test('summarizeCsv has a mean for numbers whose sum overflows', async (t) => {
  const { columns } = await summarizeCsv(await open(t, 'n\n1e308\n1e308\n1e308\n'), { path: 'data.csv' })
  const mean = columns[0]?.numeric?.mean as number
  assert.ok(Math.abs(mean / 1e308 - 1) < 1e-9)
})

test('summarizeCsv bounds the different values it remembers and reports progress in bytes', async (t) => {
  const text = `n,long\n${Array.from({ length: 5000 }, (_, i) => `${i},${'v'.repeat(100)}${i % 3}`).join('\n')}\n`
  const root = await open(t, text)
  const reports: [number, number | undefined, string | undefined][] = []
  const { rows, columns } = await summarizeCsv(root, { path: 'data.csv' }, undefined, (...report) =>
    reports.push(report as never),
  )
  assert.equal(rows, 5000)
  assert.deepEqual([columns[0]?.distinct, columns[0]?.distinctTruncated], [csvLimits.maxDistinct, true])
  assert.deepEqual([columns[1]?.distinct, columns[1]?.distinctTruncated], [3, false])
  assert.deepEqual(
    reports.map(([, , message]) => message),
    ['1000 rows', '2000 rows', '3000 rows', '4000 rows', '5000 rows'],
  )
  assert.ok(reports.every(([done, total]) => total === text.length && done > 0 && done <= text.length))
})

test('summarizeCsv ends when its signal aborts', async (t) => {
  const root = await open(t, `n\n${'1\n'.repeat(200_000)}`)
  const controller = new AbortController()
  const reason = new Error('enough')
  let reports = 0
  const running = summarizeCsv(root, { path: 'data.csv' }, controller.signal, () => {
    reports++
    controller.abort(reason)
  })
  await assert.rejects(running, reason)
  assert.ok(reports < 100, 'it went on for long after the abort')
  await assert.rejects(summarizeCsv(root, { path: 'data.csv' }, AbortSignal.abort(reason)), reason)
})

test('summarizeCsv says what is wrong with a file', async (t) => {
  const rows: [content: string, message: RegExp][] = [
    ['', /is empty/],
    ['a,b\n"1,2\n', /not readable as CSV/],
    ['a\n"x"y\n', /not readable as CSV/],
    [`${'c,'.repeat(300)}\n`, /301 columns, at most 256/],
    [`a\n"${'x'.repeat(csvLimits.maxRecordBytes + 10)}"\n`, /not readable as CSV/],
  ]
  for (const [content, message] of rows) {
    const root = await open(t, content)
    await assert.rejects(
      summarizeCsv(root, { path: 'data.csv' }),
      (error) => error instanceof UserError && message.test(error.message),
      String(message),
    )
  }
  const root = await open(t, 'a\n')
  await assert.rejects(summarizeCsv(root, { path: '../data.csv' }), UserError)
  await assert.rejects(summarizeCsv(root, { path: 'data.csv', delimiter: '"' }), UserError)
  assert.deepEqual((await summarizeCsv(root, { path: 'data.csv' })).rows, 0)
})
