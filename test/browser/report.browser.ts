// The page of `runlet report` in a real browser: `npm run test:browser`. Needs chromium (Debian: apt-get install chromium), found by its
// usual names or named by RUNLET_CHROMIUM; without it these tests fail, saying so. Screenshots go to RUNLET_SCREENSHOTS, or a new
// temporary folder, for people to look at.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { reportHtml } from '../../lib/cli/report/html.ts'
import { pageData } from '../../lib/cli/report/page-data.ts'
import type { Timeline } from '../../lib/run/timeline/timeline.ts'
import { aBusyDay, aSmallDay } from './world.ts'

const SCRIPT = new URL('../../dist/cli/report/page.js', import.meta.url)
const NAMES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const MANY = 1000
const THEMES = ['light', 'dark'] as const

function executablePath(): string {
  const found = [process.env.RUNLET_CHROMIUM ?? '', ...NAMES].find(path => path !== '' && existsSync(path))
  assert.ok(found, 'NOTHING WAS TESTED: there is no chromium. Install it, or say where it is with RUNLET_CHROMIUM.')
  return found
}

describe('the page of a report, in a browser', () => {
  let browser: Browser
  let folder: string
  const pages: Record<string, string> = {}
  const problems: string[] = []

  const write = async (name: string, timeline: Timeline) => {
    const html = reportHtml(pageData(timeline), await readFile(SCRIPT, 'utf8'))
    const file = join(folder, `${name}.html`)
    await writeFile(file, html)
    pages[name] = pathToFileURL(file).href
    console.error(`${name}: ${timeline.runs.length} runs, ${Math.ceil(html.length / 1024)} KiB, ${file}`)
  }

  before(async () => {
    browser = await chromium.launch({ executablePath: executablePath(), args: ['--no-sandbox'] })
    folder = process.env.RUNLET_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'runlet-report-')))
    await mkdir(folder, { recursive: true })
    const [small, busy] = [await aSmallDay(), await aBusyDay(MANY)]
    await write('small', small)
    await write('busy', busy)
    await write('hostile', hostile(small))
    await write('timeless', timeless(small))
    await write('empty', { ...small, runs: [], commits: [], locks: [] })
  })
  after(() => browser?.close())

  const open = async (
    name: string,
    { theme = 'light', width = 1400 }: { theme?: 'light' | 'dark'; width?: number } = {},
  ) => {
    const page = await browser.newPage({ colorScheme: theme, viewport: { width, height: 900 } })
    // tsx names functions by a helper that a browser does not have.
    await page.addInitScript('globalThis.__name = given => given')
    page.on('pageerror', error => problems.push(`${name}: ${error.message}`))
    page.on('console', message => problems.push(`${name}: ${message.text()}`))
    page.on('request', request => {
      if (request.url() !== pages[name]) problems.push(`${name}: asks for ${request.url()}`)
    })
    await page.goto(pages[name] ?? '')
    return page
  }
  const lanes = (page: Page) => page.locator('#runs .lane').count()
  const shoot = (page: Page, name: string) => page.screenshot({ path: join(folder, `${name}.png`) })

  for (const theme of THEMES) {
    for (const [name, count] of [
      ['small', 3],
      ['busy', MANY],
    ] as const) {
      test(`has a lane for each of ${count} runs, legible in ${theme}`, async () => {
        const page = await open(name, { theme })
        assert.equal(await lanes(page), count)
        const drawn = await page.evaluate(() => performance.getEntriesByName('drawn')[0]?.startTime ?? Infinity)
        console.error(`${name}, ${theme}: drawn after ${Math.round(drawn)} ms`)
        assert.ok(drawn < 10_000, `${drawn} ms`)
        assert.deepEqual(await tooFaint(page), [])
        assert.deepEqual(await overlapping(page), [])
        assert.ok((await page.locator('#axis .tick').count()) >= 2)
        await shoot(page, `${name}-${theme}`)
        await page.close()
      })
    }
  }

  test('tells on hover what became of a run, a commit and a lock', async () => {
    const page = await open('small')
    const tip = page.locator('#tip')
    assert.equal(await tip.isVisible(), false)
    await page.locator('#runs .lane', { hasText: 'build-1742' }).locator('rect.bar').first().hover()
    assert.match(await tip.innerText(), /build-1742\s+state\s+folded\s+label\s+npm run build/)
    assert.match(await tip.innerText(), /first write\s+after 2 min/)
    await shoot(page, 'hover')
    await page.locator('#commits .mark').first().hover({ force: true })
    assert.match(await tip.innerText(), /fold of build-1742/)
    await page.locator('#locks .lane', { hasText: 'lock.deploy' }).locator('rect.bar').first().hover()
    assert.match(await tip.innerText(), /deploy\.sh[\s\S]*held\s+3 min/)
    await page.mouse.move(1, 1)
    assert.equal(await tip.isVisible(), false)
    await page.close()
  })

  test('filters by words, by state and by time, and orders', async () => {
    const page = await open('busy')
    await page.locator('input[type=search]').fill('nightly')
    assert.equal(await lanes(page), MANY / 8)
    assert.match(await page.locator('.count').innerText(), /^125 of 1,000 runs$/)
    await page.locator('input[type=search]').fill('')
    const chip = page.locator('.chip[data-fate=folded]')
    const folded = Number((await chip.innerText()).replace(/\D/g, ''))
    await chip.click()
    assert.equal(await lanes(page), MANY - folded)
    assert.equal(await chip.getAttribute('aria-pressed'), 'false')
    await shoot(page, 'not-folded')
    await chip.click()
    await page.locator('select[aria-label=time]').selectOption({ label: 'last hour' })
    const lastHour = await lanes(page)
    assert.ok(lastHour > 0 && lastHour < MANY / 2, String(lastHour))
    await page.locator('select[aria-label=order]').selectOption({ label: 'longest first' })
    assert.equal(await lanes(page), lastHour)
    await page.close()
  })

  test('shows the time that is dragged over, and goes to that of a run that is double-clicked', async () => {
    const page = await open('busy')
    const box = await page.locator('#overview').boundingBox()
    assert.ok(box)
    await page.mouse.move(box.x + box.width * 0.7, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.8, box.y + 30, { steps: 5 })
    await page.mouse.up()
    const chosen = await lanes(page)
    assert.ok(chosen > 0 && chosen < MANY / 2, String(chosen))
    await shoot(page, 'chosen-time')
    const lane = page.locator('#runs .lane').nth(30)
    const key = await lane.getAttribute('data-key')
    await lane.dblclick()
    assert.ok((await lanes(page)) <= chosen)
    assert.equal(await page.locator(`#runs .lane[data-key="${key}"]`).count(), 1)
    await page.close()
  })

  test('stays in its window when that is narrow, and follows when it is made wider', async () => {
    const page = await open('small', { width: 480 })
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok((await width()) <= 480, String(await width()))
    await shoot(page, 'narrow')
    await page.setViewportSize({ width: 1000, height: 700 })
    await page.waitForFunction(() => Number(document.querySelector('#runs')?.getAttribute('width')) > 900)
    await page.close()
  })

  test('shows hostile names and labels as text', async () => {
    const page = await open('hostile')
    await page.locator('#runs .lane').first().locator('rect.bar').first().hover()
    assert.ok((await page.locator('#tip').innerText()).includes('<img src=x onerror='))
    assert.equal(await page.evaluate(() => 'owned' in globalThis), false)
    assert.equal(await page.locator('img').count(), 0)
    await page.close()
  })

  test('is drawn when times are what no clock says, and when there is nothing at all', async () => {
    const page = await open('timeless')
    assert.equal(await lanes(page), 3)
    for (const lane of await page.locator('#runs .lane, #locks .lane').all()) await lane.locator('text').hover()
    await page.locator('#runs .lane').first().dblclick()
    await page.close()
    const empty = await open('empty')
    assert.equal(await empty.getByText('No run is like that.').isVisible(), true)
    await empty.close()
  })

  test('asked for nothing and had no error in all of that', () => assert.deepEqual(problems, []))
})

function hostile(timeline: Timeline): Timeline {
  const text = '</script><img src=x onerror="globalThis.owned=1"><script>globalThis.owned=1</script>'
  const runs = timeline.runs.map(run => ({ ...run, id: text, label: text, owner: text }))
  const commits = timeline.commits.map(commit => ({ ...commit, author: text, message: text }))
  const locks = timeline.locks.map(lock => ({ ...lock, name: text }))
  return { ...timeline, namespace: text, runs, commits, locks }
}

function timeless(timeline: Timeline): Timeline {
  const runs = timeline.runs.map((run, i) => ({ ...run, forkedAt: i === 0 ? -8.64e15 : 8.64e15, endedAt: 1e300 }))
  const held = [{ label: 'x', at: 8.64e15, waitedMs: 1e300, heldMs: 1e300 }]
  return { ...timeline, runs, locks: timeline.locks.map(lock => ({ ...lock, held })) }
}

/** Texts with a contrast to their ground below 4.5, and marks with one below 3. */
const tooFaint = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const parse = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const light = (colour: string) => {
      const [r = 0, g = 0, b = 0] = parse(colour).map(part => {
        const c = part / 255
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const ground = light(getComputedStyle(document.body).backgroundColor)
    const contrast = (colour: string) => {
      const [a, b] = [light(colour), ground]
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    }
    const faint: string[] = []
    const look = (selector: string, property: 'color' | 'fill', least: number) => {
      for (const element of [...document.querySelectorAll(selector)].slice(0, 200)) {
        const colour = getComputedStyle(element)[property]
        if (contrast(colour) < least) faint.push(`${selector} ${element.getAttribute('class')} ${colour}`)
      }
    }
    look('h1, h2, p, .chip, .legend span', 'color', 4.5)
    look('svg text', 'fill', 4.5)
    look('rect.bar:not(.idle), rect.mark, rect.dot', 'fill', 3)
    return [...new Set(faint)]
  })

/** Labels that lie on one another. */
const overlapping = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const texts = [
      ...document.querySelectorAll('svg text, .chip, .bar input, .bar select, .legend span span, h1, .sub'),
    ]
    const boxes = texts
      .slice(0, 300)
      .map(element => ({ box: element.getBoundingClientRect(), text: element.textContent }))
    const found: string[] = []
    boxes.forEach(({ box: a, text }, i) => {
      for (const { box: b, text: other } of boxes.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
        if (across > 1 && down > 2) found.push(`"${text}" and "${other}"`)
      }
    })
    return found
  })
