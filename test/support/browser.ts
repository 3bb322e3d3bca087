/** Debian's Chromium, driven by Playwright, and everything its console complains of. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Why tests with a browser cannot run here; false when they can. */
export function missingBrowser(): string | false {
  return existsSync(executablePath) ? false : `${executablePath} not installed`;
}

/** Longer than anything should take on a busy machine. */
export const patienceMs = 20_000;

/** A profile of its own, gone with the browser. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args });
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, failed requests, exceptions. */
  readonly complaints: readonly string[];
}

export async function openPage(browser: Browser, url: string, width = 1280): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.setDefaultTimeout(patienceMs);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) complaints.push(`it asks ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** Presses Tab until the focus is on what is looked for. */
export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let presses = 0; presses < 100; presses++) {
    await page.keyboard.press("Tab");
    if ((await wanted.and(page.locator(":focus")).count()) === 1) return;
  }
  throw new Error("the keyboard does not get there");
}
