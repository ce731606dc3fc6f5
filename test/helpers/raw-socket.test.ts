/** The raw socket of the wire client against hand-written servers: it must show exactly what passed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, serveHttp, serveNet } from './tiny-servers.ts'
import { RawSocket, raw } from './wire.ts'

test('raw sends its parts one by one and shows the head as it came', async (t) => {
  const pieces: string[] = []
  const port = await serveNet(t, (socket) => {
    socket.on('data', (bytes) => {
      pieces.push(bytes.toString())
      if (!pieces.join('').endsWith('END')) return
      socket.write('HTTP/1.1 200 OK\r\nX-Twice: a\r\nx-twice: b\r\nContent-Length: 5\r\n\r\nhello and more')
    })
  })
  const response = await raw(port, ['first ', 'second ', 'END'])
  assert.deepEqual(pieces, ['first ', 'second ', 'END'])
  assert.equal(response.status, 200)
  assert.equal(response.body, 'hello')
  assert.equal(response.headers['x-twice'], 'a, b')
  assert.deepEqual(response.headerLines.slice(0, 2), [
    ['X-Twice', 'a'],
    ['x-twice', 'b'],
  ])
  assert.equal(response.complete, true)
})

test('raw reads a chunked body, and tells when its last chunk is missing', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const port = await serveNet(t, (socket) => {
    socket.once('data', (bytes) => {
      socket.write(`${head}5;ext=1\r\nhello\r\n`)
      socket.end(bytes.toString().includes('whole') ? '1\r\n!\r\n0\r\n\r\n' : '9\r\nabc')
    })
  })
  const whole = await raw(port, 'GET /whole HTTP/1.1\r\n\r\n')
  assert.deepEqual([whole.body, whole.complete], ['hello!', true])
  const cut = await raw(port, 'GET /cut HTTP/1.1\r\n\r\n')
  assert.deepEqual([cut.body, cut.complete], ['helloabc', false])
})

test('raw with halfClose ends its side and still reads the answer', async (t) => {
  const port = await serveNet(t, (socket) => {
    socket.resume()
    socket.on('end', () => socket.end('HTTP/1.0 400 Bad Request\r\n\r\nto the end'))
  })
  const response = await raw(port, 'GET / HTTP/1.1\r\n', { halfClose: true })
  assert.equal(response.status, 400)
  assert.equal(response.httpVersion, '1.0')
  assert.equal(response.body, 'to the end')
})

test('raw rejects when the connection ends without a response', async (t) => {
  const port = await serveNet(t, (socket) => socket.once('data', () => socket.end('HTTP/1.1 200')))
  await assert.rejects(
    raw(port, 'GET / HTTP/1.1\r\n\r\n'),
    /ended before a response; received: "HTTP\/1.1 200"/,
  )
})

test('raw with head takes no body from the answer to HEAD', async (t) => {
  const port = await serveNet(t, (socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n')),
  )
  assert.equal((await raw(port, 'HEAD / HTTP/1.1\r\n\r\n', { head: true })).body, '')
})

test('RawSocket reads pipelined responses and an interim one in order', async (t) => {
  const { port } = await serveHttp(t, async (req, res) => void res.end(`${req.url} ${await bodyOf(req)}`))
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  await socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.equal((await socket.response()).body, '/a ')
  assert.equal((await socket.response()).body, '/b ')
  await socket.write('POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  assert.equal((await socket.response()).status, 100)
  await socket.write('hi')
  assert.equal((await socket.response()).body, '/c hi')
})

test('RawSocket.reset reaches the server as ECONNRESET', async (t) => {
  let broken: Promise<unknown> | undefined
  const port = await serveNet(t, (socket) => {
    broken = new Promise((resolve) => socket.on('error', resolve))
    socket.on('data', () => socket.write('got it'))
  })
  const socket = await RawSocket.open(port)
  await socket.write('x')
  await socket.readUntil((text) => text === 'got it')
  socket.reset()
  const error = (await broken) as NodeJS.ErrnoException
  assert.equal(error.code, 'ECONNRESET')
})

test('RawSocket.ended resolves when the server closes', async (t) => {
  const port = await serveNet(t, (socket) => socket.once('data', () => socket.end('bye')))
  const socket = await RawSocket.open(port)
  t.after(() => socket.destroy())
  await socket.write('x')
  assert.deepEqual(await socket.ended, { error: undefined })
  assert.equal(socket.received, 'bye')
})
