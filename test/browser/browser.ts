/**
 * Debian's Chromium, without a window, for tests. It asks nothing of the internet; names that end in `.example` are this
 * machine.
 *
 * With SCREENSHOTS=folder, pictures of what tests look at are written there, for people.
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { program } from '../helpers/needs.ts'

const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
  '--host-resolver-rules=MAP *.example 127.0.0.1',
]

/** @param args - more of the command line @returns a browser, which is closed after the test */
export async function openBrowser(
  t: Pick<TestContext, 'after'>,
  args: readonly string[] = [],
): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: program('chromium'), args: [...QUIET, ...args] })
  t.after(() => browser.close())
  return browser
}

/** A page of a profile of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  return await (await browser.newContext(options)).newPage()
}

export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
