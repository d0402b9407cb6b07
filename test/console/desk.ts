// A desk with the console open: one service and one browser for all the console's tests, watched for whatever a page must
// not do.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.ts';
import { type Service, type ServiceOptions, startService, tokenFor } from '../helpers/service.ts';

export const SCREEN = { width: 1280, height: 900 };
export const NARROW = { width: 400, height: 860 };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export interface Desk {
  service: Service;
  page: Page;
  /** Leaves the page for a tab that knows nobody. */
  newTab(): Promise<void>;
  /** Signs in as somebody of that role, in a new tab. */
  signIn(role: string): Promise<void>;
  /** Opens a place of the console, `customers/7`, and waits for its heading. */
  open(place: string, heading: string | RegExp): Promise<void>;
  /** What axe finds on the page as it stands, in light and in dark, and whether it fits a narrow screen. */
  lookForBarriers(): Promise<void>;
  /** Into the folder SCREENSHOTS, where that is set: wide, narrow and dark. */
  picture(name: string): Promise<void>;
  /** What the pages did that they must not. */
  faults: string[];
  close(): Promise<void>;
}

/** Undefined where there is no browser. @param others whom the page may ask besides */
export async function openDesk(options: ServiceOptions = {}, others: string[] = []): Promise<Desk | undefined> {
  const browser = await openBrowser('the console');
  if (browser === undefined) return undefined;
  const service = await startService(options);
  const context = await browser.newContext({ viewport: SCREEN, reducedMotion: 'reduce' });
  context.setDefaultTimeout(15_000);
  const desk: Desk = {
    service,
    page: await context.newPage(),
    faults: watch(context, [service.url, ...others]),
    newTab: async () => {
      await desk.page.close();
      desk.page = await context.newPage();
      await desk.page.goto(`${service.url}/console`);
    },
    signIn: async (role) => {
      await desk.newTab();
      await desk.page.getByLabel('Token').fill(tokenFor(role));
      await desk.page.keyboard.press('Enter');
    },
    open: async (place, heading) => {
      await desk.page.evaluate(`location.hash = '#/${place}'`);
      await desk.page.getByRole('heading', { level: 1, name: heading }).waitFor();
    },
    lookForBarriers: () => lookForBarriers(desk.page),
    picture: (name) => picture(desk.page, name),
    close: async () => {
      await browser.close();
      await service.stop();
    },
  };
  return desk;
}

function watch(context: BrowserContext, origins: string[]): string[] {
  const faults: string[] = [];
  context.on('request', (request) => {
    if (!origins.includes(new URL(request.url()).origin)) faults.push(`asked ${request.url()}`);
    if (/eyJ/.test(request.url())) faults.push(`a token in ${request.url()}`);
  });
  context.on('weberror', (error) => faults.push(String(error.error())));
  context.on('console', (message) => {
    // A refusal and a network that is away are Chromium's own lines, and part of what is tested.
    const expected = /Failed to load resource/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) faults.push(message.text());
  });
  return faults;
}

async function lookForBarriers(page: Page): Promise<void> {
  await page.evaluate(`globalThis.axe === undefined && (() => { ${AXE} })()`);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    const found = (await page.evaluate(
      `axe.run(document, ${JSON.stringify({ runOnly: TAGS, resultTypes: ['violations'] })})`,
    )) as { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]; passes: unknown[] };
    const told = found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
    expect(told, `${colorScheme} ${page.url()}`).to.deep.equal([]);
    expect(found.passes, 'axe looked').to.have.length.above(10);
  }
  await expectToFit(page);
}

/** Nothing leads out of a narrow page to the right: what is wide scrolls within. */
async function expectToFit(page: Page): Promise<void> {
  await page.setViewportSize(NARROW);
  expect(await page.evaluate('document.documentElement.scrollWidth'), page.url()).to.equal(NARROW.width);
  await page.setViewportSize(SCREEN);
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: `${folder}/${name}-dark.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(NARROW);
  await page.screenshot({ path: `${folder}/${name}-narrow.png`, fullPage: true });
  await page.setViewportSize(SCREEN);
}
