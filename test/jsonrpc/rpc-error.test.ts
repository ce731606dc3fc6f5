import assert from 'node:assert/strict'
import { test } from 'node:test'
import { McpError, RpcError } from '../../src/jsonrpc/rpc-error.ts'

test('RpcError carries code, message, data and a cause', () => {
  const cause = new Error('inner')
  const error = new RpcError(-32602, 'Unknown tool: "x"', { name: 'x' }, { cause })
  assert.ok(error instanceof Error)
  assert.equal(`${error}`, 'RpcError: Unknown tool: "x"')
  assert.equal(error.code, -32602)
  assert.deepEqual(error.data, { name: 'x' })
  assert.equal(error.cause, cause)
  assert.equal(new RpcError(1, 'm').data, undefined)
})

test('McpError carries a string code and is not an RpcError', () => {
  const error = new McpError('ERR_REQUEST_TIMEOUT', 'too late', { cause: 1 })
  assert.equal(`${error}`, 'McpError: too late')
  assert.equal(error.code, 'ERR_REQUEST_TIMEOUT')
  assert.equal(error.cause, 1)
  assert.ok(!(error instanceof RpcError))
})
