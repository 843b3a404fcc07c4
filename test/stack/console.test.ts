/** The console as a person meets it: a real browser on the real cluster. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { run } from '@neuronha/runtime/exec.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cluster, inContainer, untilHealthy } from './cluster.ts'
import { openBrowser } from './browser.ts'

let browser: Browser
let context: BrowserContext
let page: Page
const problems: string[] = []

beforeAll(async () => {
  await untilHealthy()
  browser = await openBrowser()
  // The cluster's own CA is not in the browser's store.
  context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1440, height: 900 },
  })
  page = await context.newPage()
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.goto(`${cluster().edgeUrl}/`)
  const { email, password } = cluster().secrets.consoleAdmin
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.waitForURL(/\/cluster/)
})

afterAll(() => browser.close())
afterEach(() => expect(problems).toEqual([]))

/** Serious and critical findings of axe on the page as it is. */
async function accessibilityProblems(): Promise<readonly string[]> {
  const source = await readFile(
    createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
    'utf8',
  )
  // The page's policy forbids inline scripts; the debugger's evaluation is not one.
  await page.evaluate(source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; impact: string }[] }> }
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id }) => id)
  })
}

describe('the cluster page', () => {
  it('shows the members that patronictl lists, with the same primary', async () => {
    const { spec } = cluster()
    const listed = await inContainer(`${spec.name}-member-1`, [
      'patronictl',
      '-c',
      '/etc/neuronha/patroni.yml',
      'list',
      '-f',
      'json',
    ])
    const leader = (JSON.parse(listed) as { Member: string; Role: string }[]).find(
      ({ Role }) => Role === 'Leader',
    )
    const table = page.getByRole('table').first()
    await table.waitFor()
    const rows = await table.getByRole('row').allInnerTexts()
    const primaryRow = rows.find((row) => /primary|leader/i.test(row)) ?? ''
    expect(primaryRow).toContain((leader?.Member ?? '').replace(`${spec.name}-`, ''))
    expect(rows.length).toBe(spec.database.members + 1)
  })

  it.each(['light', 'dark'] as const)(
    'has no serious accessibility problem in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme })
      expect(await accessibilityProblems()).toEqual([])
    },
  )

  it('says within 5 s of it that what it shows is old, and recovers by itself', async () => {
    const controllers = [1, 2].map((ordinal) => `${cluster().spec.name}-controller-${ordinal}`)
    await run('docker', ['pause', ...controllers])
    const pausedAt = Date.now()
    try {
      await page.getByText('This is not the present state').waitFor({ timeout: 10_000 })
      // The last good answer may be up to a second younger than the pause.
      expect(Date.now() - pausedAt).toBeLessThan(7000)
    } finally {
      await run('docker', ['unpause', ...controllers])
    }
    await page
      .getByText('This is not the present state')
      .waitFor({ state: 'detached', timeout: 30_000 })
    await untilHealthy()
  })
})

describe('the events page', () => {
  it('shows the audit log, and the evidence of an event when it is asked for', async () => {
    await page.goto(`${cluster().edgeUrl}/events`)
    const event = page.getByRole('button', { name: /cli\.up/ }).first()
    await event.click()
    await page.getByText('/neuronha up').first().waitFor()
    await page.getByRole('button', { name: 'Warnings and worse' }).click()
    await page.waitForURL(/severity=warning/)
  })

  it.each(['light', 'dark'] as const)(
    'has no serious accessibility problem in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme })
      await page.goto(`${cluster().edgeUrl}/events`)
      await page
        .getByRole('button', { name: /cli\.up/ })
        .first()
        .click()
      expect(await accessibilityProblems()).toEqual([])
    },
  )
})

describe('the chat', () => {
  it('creates an agent, sends a message and streams its answer', async () => {
    await page.goto(`${cluster().edgeUrl}/agents/new`)
    await page.getByLabel('Name').fill('From the console')
    await page.locator('button[type=submit]').click()
    await page.waitForURL(/\/agents\/[0-9a-f-]{36}/)
    const box = page.getByRole('textbox', { name: /^Message to/ })
    await box.fill('What outlives a primary?')
    await page.getByRole('button', { name: 'Send' }).click()
    const log = page.getByRole('log')
    await log.getByText('You said: “What outlives a primary?”').waitFor({ timeout: 20_000 })
    expect(page.url()).toMatch(/\/sessions\/[0-9a-f-]{36}/)
    await page.reload()
    await page
      .getByRole('log')
      .getByText('What outlives a primary?')
      .first()
      .waitFor({ timeout: 20_000 })
    expect(await accessibilityProblems()).toEqual([])
  })
})
