/** The web UI of the MCP Inspector, in both eras it offers. Its command line: scripts/inspector.ts. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { start } from '../../scripts/lib/child.ts'
import { findNode, ownMajor } from '../../scripts/lib/find-node.ts'
import { serve } from '../../src/index.ts'
import { createFixture } from '../fixture/definition.ts'
import { freePort } from '../helpers/free-port.ts'
import { needs, needsThat } from '../helpers/needs.ts'
import { removeFolder } from '../helpers/remove-folder.ts'
import { openBrowser, openPage, screenshot } from './browser.ts'

const launcher = fileURLToPath(
  new URL(
    '../interop/inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
    import.meta.url,
  ),
)
const isReady = { ...needs('chromium') }
const options = isReady.skip === false ? needsThat(existsSync(launcher), 'npm run inspector') : isReady

/** Its own words for the eras. */
const ERAS = { legacy: 'MCP 2025-11-25', modern: 'MCP 2026-07-28' } as const

/** Starts the Inspector for a server, and gives the address of its UI. */
async function startInspector(t: TestContext, url: string, era: string): Promise<string> {
  const memory = mkdtempSync(join(tmpdir(), 'barewire-inspector-'))
  const node = ownMajor >= 22 ? process.execPath : await findNode(22)
  const args = ['--web', '--transport', 'http', '--server-url', url, '--protocol-era', era]
  const env = {
    ...process.env,
    HOME: memory,
    USERPROFILE: memory,
    CLIENT_PORT: `${await freePort()}`,
    MCP_AUTO_OPEN_ENABLED: 'false',
    // Otherwise it says at length that there is no keychain.
    MCP_INSPECTOR_SECRET_STORE: 'memory',
    NODE_OPTIONS: '',
  }
  const started = await start(node, [launcher, ...args], /(http:\/\/\S+\?MCP_INSPECTOR_API_TOKEN=\w+)/, {
    env,
  })
  t.after(async () => {
    await started.stop()
    await removeFolder(memory)
  })
  return started.match[1] as string
}

async function show(page: Page, screen: 'Tools' | 'Resources' | 'Prompts'): Promise<void> {
  await page.getByRole('radiogroup').first().getByText(screen, { exact: true }).click()
}

async function execute(page: Page, tool: string, result: string): Promise<void> {
  await page.getByRole('button', { name: tool, exact: true }).click()
  await page.getByRole('button', { name: 'Execute Tool' }).click()
  await page.getByText(result).waitFor()
}

describe('the web UI of the Inspector', { ...options, timeout: 240_000 }, () => {
  for (const [era, revision] of Object.entries(ERAS)) {
    test(`connects, lists, calls, reads and shows notifications: ${era}`, async (t) => {
      const serving = await serve(createFixture(), { port: 0 })
      t.after(() => serving.close({ drainMs: 0 }))
      const page = await openPage(await openBrowser(t), { viewport: { width: 1500, height: 950 } })
      await page.goto(await startInspector(t, serving.url, era))
      const list = page.getByText.bind(page)
      // The switch itself is an invisible input, which has no place to click at.
      await page.getByRole('switch', { name: /Connect or disconnect/ }).dispatchEvent('click')
      await list('Connected', { exact: true }).waitFor()
      await list(revision).waitFor()
      await screenshot(page, `inspector-${era}-connected`)

      await show(page, 'Tools')
      await list(/^Tools \(\d+\)$/).waitFor()
      await execute(page, 'test_tool_with_progress', 'Tool with progress executed successfully')
      await list(/Completed step \d+ of 100/)
        .first()
        .waitFor()
      await screenshot(page, `inspector-${era}-progress`)
      await execute(page, 'test_tool_with_logging', 'Tool with logging executed successfully')
      for (const text of ['started', 'completed']) await list(`Tool execution ${text}`).waitFor()
      await execute(page, 'test_trigger_tool_change', 'The list of tools has changed')
      await list('List updated').waitFor()
      await screenshot(page, `inspector-${era}-notifications`)

      await show(page, 'Resources')
      await list('static-text', { exact: true }).click()
      await list('This is the content of the static text resource.').waitFor()
      await show(page, 'Prompts')
      await list('test_simple_prompt').first().click()
      await list('This is a simple prompt for testing.').waitFor()

      const monitoring = page.getByRole('radiogroup', { name: 'Monitoring screen' })
      await monitoring.getByText('Protocol', { exact: true }).click()
      await list('notifications/tools/list_changed').first().waitFor()
      await screenshot(page, `inspector-${era}-protocol`)
      const { sessions } = serving.stats()
      assert.equal(sessions, era === 'legacy' ? 1 : 0)
    })
  }
})
