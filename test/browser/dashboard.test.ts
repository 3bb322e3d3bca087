/** The dashboard in a real browser against a running Headgate under load. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { missingBrowser, openPage, startBrowser } from "../support/browser.ts";
import { RunningCommand } from "../support/command.ts";
import { freePorts } from "../support/free-ports.ts";
import { type HeadgateProcess, startBackend, startHeadgateProcess } from "../support/headgate-process.ts";
import { repositoryRoot } from "../support/repository.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const skip = missingBrowser();
const options = { skip, timeout: 120_000 };
const readToken = "read-token-0123456789";
const writeToken = "write-token-0123456789";
const probeIntervalMs = 3000;
/** For a probe to be answered and the page to be drawn on a busy machine. */
const slackMs = 3000;

let browser: Browser;

before(async () => {
  if (skip !== false) return;
  const script = join(repositoryRoot, "scripts", "build-dashboard.ts");
  const { status, stderr } = spawnSync(process.execPath, [script, "--if-stale"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  browser = await startBrowser();
});

after(async () => {
  if (skip === false) await browser.close();
});

interface Scene {
  readonly headgate: HeadgateProcess;
  /** The endpoint that can be killed. */
  readonly victim: RunningCommand;
  api(path: string): Promise<unknown>;
  /** The endpoints' requests so far as the API tells them, by name. */
  counts(): Promise<Record<string, number>>;
  /** What answered so many requests sent one after the other. */
  load(requests: number): Promise<number>;
}

async function startScene(t: TestContext, hasTokens = false): Promise<Scene> {
  const { url: b1 } = await startBackend(t, (_request, response) => response.end("one"));
  const { url: b2 } = await startBackend(t, (_request, response) => response.end("two"));
  const port = await freePorts(1);
  const victim = new RunningCommand(["backend", "--port", String(port), "--name", "b3"]);
  t.after(() => victim.dispose());
  await victim.until(/listening|Listening|running/i);
  const tokens = `[{ token: ${readToken}, name: rita }, { token: ${writeToken}, scope: write, name: ann }]`;
  const headgate = await startHeadgateProcess(
    t,
    `listeners: [{ name: main, address: "127.0.0.1:0" }]
workers: 0
pools:
  app:
    policy: round-robin
    health: { path: /health, interval: ${probeIntervalMs}ms, jitter: 0%, timeout: 500ms, fall: 1 }
    endpoints:
      - { name: b1, url: "${b1}" }
      - { name: b2, url: "${b2}" }
      - { name: b3, url: "http://127.0.0.1:${port}" }
routes:
  - { name: hello, match: { path: /hello }, respond: { status: 200, body: hello } }
  - { name: all, pool: app }
admin: { address: "127.0.0.1:0"${hasTokens ? `, tokens: ${tokens}` : ""} }
`,
  );
  const headers: Record<string, string> = hasTokens ? { authorization: `Bearer ${writeToken}` } : {};
  const api = async (path: string): Promise<unknown> => {
    const response = await fetch(headgate.adminUrl + path, { headers });
    assert.equal(response.status, 200, path);
    return response.json();
  };
  const counts = async (): Promise<Record<string, number>> => {
    const { endpoints } = (await api("/v1/pools/app")) as { endpoints: { name: string; requests: number }[] };
    return Object.fromEntries(endpoints.map(({ name, requests }) => [name, requests]));
  };
  const load = async (requests: number): Promise<number> => {
    const steady = new SteadyLoad(headgate.port).keepAlive(4);
    await steady.progress(requests);
    const report = await steady.stop();
    assert.deepEqual(report.failures, []);
    return report.requests;
  };
  return { headgate, victim, api, counts, load };
}

/** The endpoints' requests as the page shows them. */
async function shownCounts(page: Page): Promise<Record<string, number>> {
  const shown: Record<string, number> = {};
  for (const row of await page.locator("tr[data-endpoint]").all()) {
    const text = await row.locator("[data-number=requests]").innerText();
    shown[(await row.getAttribute("data-endpoint")) ?? ""] = Number(text.replaceAll(",", ""));
  }
  return shown;
}

function grouped(value: number): string {
  return new Intl.NumberFormat("en").format(value);
}

test("the numbers on the page are those of the API and of the load", options, async (t) => {
  const { headgate, counts, load } = await startScene(t);
  const { page, complaints } = await openPage(browser, headgate.adminUrl);
  t.after(() => page.close());
  await page.getByText("live", { exact: true }).waitFor();
  const sent = await load(600);

  const gauge = page.locator("[data-gauge=requests]");
  await gauge.getByText(`${grouped(sent)} in all`).waitFor();
  await page.locator("[data-gauge=eligible]").getByText("3 of 3").waitFor();

  await page.getByRole("link", { name: "Pools", exact: true }).click();
  const told = await counts();
  await page
    .locator("tr[data-endpoint=b3] [data-number=requests]")
    .getByText(grouped(told["b3"] ?? 0))
    .waitFor();
  assert.deepEqual(await shownCounts(page), told);
  assert.equal(
    Object.values(told).reduce((sum, count) => sum + count, 0),
    sent,
  );

  await page.getByRole("link", { name: "Routes", exact: true }).click();
  await page.locator("tr[data-route=all] [data-number=requests]").getByText(grouped(sent)).waitFor();

  // While load runs there are rates, and the map has water.
  const steady = new SteadyLoad(headgate.port).keepAlive(4);
  await page.getByRole("link", { name: "Map", exact: true }).click();
  await page.locator("path.ribbon").first().waitFor({ state: "attached" });
  assert.deepEqual((await steady.stop()).failures, []);
  assert.deepEqual(complaints, []);
});

test(
  "a token opens the page; draining from it takes the endpoint out, and ready brings it back",
  options,
  async (t) => {
    const { headgate, counts, load } = await startScene(t, true);
    const { page, complaints } = await openPage(browser, `${headgate.adminUrl}/#/pools/app/b1`);
    t.after(() => page.close());
    await page.getByLabel("Token").fill(writeToken);
    await page.getByRole("button", { name: "Open" }).click();

    await page.getByRole("button", { name: "Drain" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/takes no new clients[\s\S]*in flight/).waitFor();
    await dialog.getByText(/go to 2 others that are eligible/).waitFor();
    await dialog.getByRole("button", { name: "Drain" }).click();
    const header = page.locator("header.subject");
    await header.locator(".state-draining").waitFor();
    await header.getByText("set to draining, by api:ann").waitFor();

    const before = await counts();
    const sent = await load(200);
    const after = await counts();
    assert.equal(after["b1"], before["b1"]);
    assert.equal((after["b2"] ?? 0) + (after["b3"] ?? 0) - (before["b2"] ?? 0) - (before["b3"] ?? 0), sent);

    await page.getByRole("button", { name: "Ready" }).click();
    await dialog.getByText(/takes traffic again/).waitFor();
    await dialog.getByRole("button", { name: "Put back" }).click();
    await header.locator(".state-up").waitFor();
    await load(60);
    assert.ok(((await counts())["b1"] ?? 0) > (after["b1"] ?? 0), "it gets traffic again");
    assert.deepEqual(complaints, []);
  },
);

test("a token that may only read shows everything and offers no change", options, async (t) => {
  const { headgate } = await startScene(t, true);
  const { page, complaints } = await openPage(browser, `${headgate.adminUrl}/#/pools/app/b1`, 390);
  t.after(() => page.close());
  await page.getByLabel("Token").fill(readToken);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("This token may look, but change nothing.").waitFor();
  for (const name of ["Drain", "Maintenance", "Set"]) {
    assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
  }
  await page.getByRole("link", { name: "Configuration", exact: true }).click();
  await page.getByText("In force, defaults filled in").waitFor();
  assert.equal(await page.getByRole("button", { name: "Reload" }).count(), 0);
  const [wide, shown] = (await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")) as [
    number,
    number,
  ];
  assert.ok(wide <= shown, `a phone would scroll sideways: ${wide} > ${shown}`);
  assert.deepEqual(complaints, []);
});

test("a killed endpoint turns red with its reason within a probe interval", options, async (t) => {
  const { headgate, victim } = await startScene(t);
  const { page, complaints } = await openPage(browser, `${headgate.adminUrl}/#/pools`);
  t.after(() => page.close());
  const row = page.locator("tr[data-endpoint=b3]");
  await row.locator(".state-up").waitFor();
  const steady = new SteadyLoad(headgate.port).keepAlive(4);
  await steady.progress(50);

  victim.process.kill("SIGKILL");
  const killedAtMs = performance.now();
  await row.locator(".state-down").waitFor({ timeout: probeIntervalMs + slackMs });
  t.diagnostic(`red after ${Math.round(performance.now() - killedAtMs)} ms`);
  await row.getByText(/connection (?:refused|reset)/).waitFor();
  const [colour, bad] = (await page.evaluate(
    `[getComputedStyle(document.querySelector("tr[data-endpoint=b3] .state")).color,
      getComputedStyle(document.querySelector(".state-down")).color]`,
  )) as [string, string];
  assert.equal(colour, bad);
  assert.match(colour, /^rgb\((?:1[5-9]\d|2\d\d), \d{2}, /, "red");

  await row.getByRole("link").click();
  await page.locator("svg.timeline rect.span-down").waitFor({ state: "attached" });
  assert.deepEqual((await steady.stop()).failures, []);
  assert.deepEqual(complaints, []);
});

test("every page can be opened from the keyboard, and none complains", options, async (t) => {
  const { headgate, load } = await startScene(t);
  await load(50);
  const { page, complaints } = await openPage(browser, headgate.adminUrl);
  t.after(() => page.close());
  await page.getByText("live", { exact: true }).waitFor();
  const titles = ["Pools", "Routes", "Map", "Diagnosis", "Events", "Configuration", "Explain"];
  for (const title of titles) {
    await page.getByRole("link", { name: title, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.locator("nav.tabs a[aria-current=page]").getByText(title).waitFor();
    await page.locator("main h2").first().waitFor();
  }
  await page.getByLabel("URL or path").fill("/anything");
  await page.keyboard.press("Enter");
  await page
    .getByText(/route all, pool app/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.evaluate("getComputedStyle(document.documentElement).colorScheme"), "dark");
  assert.deepEqual(complaints, []);
});
