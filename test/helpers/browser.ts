// A real browser for the pages the API serves, where the machine has one.

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Undefined, and a line that says what is left out, when there is none. */
export async function openBrowser(what: string): Promise<Browser | undefined> {
  if (existsSync(CHROMIUM)) return chromium.launch({ executablePath: CHROMIUM, args: ARGS, headless: true });
  console.log(`LEFT OUT: ${what} in a browser, because there is no ${CHROMIUM}`);
  return undefined;
}
