/** The page for people, as Chromium shows it. What stands on it: ../page.test.ts. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { apiKey } from '../../src/auth/index.ts'
import { McpServer, serve } from '../../src/index.ts'
import { createFixture } from '../fixture/definition.ts'
import { needs } from '../helpers/needs.ts'
import { openBrowser, openPage, screenshot } from './browser.ts'

describe('the page for people', { ...needs('chromium'), timeout: 120_000 }, () => {
  test('is shown with its style at / and at the endpoint, without a complaint, in light and dark and on a phone', async (t) => {
    const server = new McpServer({
      name: 'weather',
      title: 'The weather',
      version: '1.2.3',
      description: 'Forecasts for every city, from the national services.',
      websiteUrl: 'https://weather.example/',
    })
    server.registerTool('get_weather', { description: 'Current weather for a city' }, () => '')
    server.registerTool('get_forecast', { description: 'The weather of the next days' }, () => '')
    server.registerTool('without_words', {}, () => '')
    const serving = await serve(server, { port: 0 })
    t.after(() => serving.close({ drainMs: 0 }))
    const browser = await openBrowser(t)
    for (const [name, path, options] of [
      ['page-light', '/', { viewport: { width: 1000, height: 800 }, colorScheme: 'light' }],
      ['page-dark', '/mcp', { viewport: { width: 1000, height: 800 }, colorScheme: 'dark' }],
      ['page-phone', '/mcp/', { viewport: { width: 360, height: 740 }, isMobile: true }],
    ] as const) {
      const page = await openPage(browser, options)
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      const response = await page.goto(`http://127.0.0.1:${serving.port}${path}`)
      assert.equal(response?.status(), 200)
      assert.equal(await page.title(), 'The weather')
      assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'The weather')
      assert.equal(await page.getByRole('heading', { name: 'Tools' }).isVisible(), true)
      assert.ok((await page.locator('pre').first().innerText()).includes(serving.url))
      // The policy lets this style through: where its hash is wrong, the browser shows none and complains.
      assert.equal(await page.evaluate('getComputedStyle(document.body).maxWidth'), '704px')
      const isTooWide = 'document.documentElement.scrollWidth > innerWidth'
      assert.equal(await page.evaluate(isTooWide), false)
      // Chromium asks for it by itself, and it is not there.
      assert.deepEqual(
        complaints.filter((text) => !text.includes('404')),
        [],
      )
      await screenshot(page, name)
      await page.context().close()
    }
  })

  test('runs no script, whatever its server says of itself', async (t) => {
    const evil = `"><script>window.ran = 1</script><img src=x onerror="window.ran = 1">`
    const server = new McpServer({ name: evil, title: evil, version: evil, description: evil })
    server.registerTool('plain', { description: evil }, () => '')
    const serving = await serve(server, { port: 0 })
    t.after(() => serving.close({ drainMs: 0 }))
    const page = await openPage(await openBrowser(t))
    await page.goto(serving.url)
    assert.equal(await page.locator('script, img').count(), 0)
    assert.ok((await page.locator('main').innerText()).includes('<script>window.ran = 1</script>'))
    // Nor where markup gets there some other way: the policy forbids it.
    await page.evaluate(`{
      const script = document.createElement('script')
      script.textContent = 'window.ran = 1'
      document.body.append(script)
    }`)
    assert.equal(await page.evaluate('window.ran'), undefined)
    await screenshot(page, 'page-escaped')
  })

  test('with auth, and with many tools', async (t) => {
    const auth = apiKey({ header: 'x-api-key', verify: () => undefined })
    const browser = await openBrowser(t)
    const fixture = createFixture()
    for (const [name, options] of [
      ['page-tools', {}],
      ['page-auth', { auth }],
    ] as const) {
      const serving = await serve(fixture, { port: 0, ...options })
      t.after(() => serving.close({ drainMs: 0 }))
      const page = await openPage(browser)
      await page.goto(serving.url)
      assert.equal(await page.getByRole('heading', { name: 'Tools' }).count(), name === 'page-tools' ? 1 : 0)
      await screenshot(page, name)
    }
  })
})
