/** The dashboard in a real browser against a running Headgate under load. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { missingBrowser, openPage, startBrowser, tabTo } from "../support/browser.ts";
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

const hasWrk = spawnSync("wrk", ["--version"]).error === undefined;

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
  /** The configuration it was started with. */
  readonly text: string;
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
  const text = `listeners: [{ name: main, address: "127.0.0.1:0" }]
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
`;
  const headgate = await startHeadgateProcess(t, text);
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
  return { headgate, victim, text, api, counts, load };
}

/** What wrk counted as answered within a second over four connections. */
async function wrkRequests(url: string): Promise<number> {
  const wrk = spawn("wrk", ["-t1", "-c4", "-d1s", url], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  wrk.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(wrk, "close");
  return Number(/(\d+) requests in/.exec(text)?.[1]);
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

test("the numbers on the page are those of the API, of the load and of wrk", options, async (t) => {
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

  if (hasWrk) {
    const counted = sent + (await wrkRequests(headgate.url));
    const all = async (): Promise<number> =>
      Number(/([\d,]+) in all/.exec(await gauge.innerText())?.[1]?.replaceAll(",", ""));
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    const ofApi = Object.values(await counts()).reduce((sum, count) => sum + count, 0);
    await gauge.getByText(`${grouped(ofApi)} in all`).waitFor();
    // wrk does not count what is under way when its time is over, one request of each connection at most.
    const shown = await all();
    assert.ok(
      shown >= counted && shown <= counted + 4,
      `${shown} on the page, ${counted} sent by wrk and before`,
    );
  }

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

test(
  "weight, reload and rollback from the page do what they say, in the API and to the traffic",
  options,
  async (t) => {
    const { headgate, text, api, counts, load } = await startScene(t);
    const { page, complaints } = await openPage(browser, `${headgate.adminUrl}/#/pools/app/b1`);
    t.after(() => page.close());
    const dialog = page.getByRole("dialog");
    const confirm = async (effect: RegExp, verb: string): Promise<void> => {
      await dialog.getByText(effect).first().waitFor();
      await dialog.getByRole("button", { name: verb, exact: true }).click();
      await dialog.waitFor({ state: "hidden" });
    };
    const inForce = async (): Promise<{ revision: number; via: unknown; weight: unknown }> => {
      const { revision } = (await api("/v1/status")) as { revision: number };
      const { config } = (await api("/v1/config")) as { config: { via: string } };
      const { endpoints } = (await api("/v1/pools/app")) as { endpoints: { configuredWeight: number }[] };
      return { revision, via: config.via, weight: endpoints[0]?.configuredWeight };
    };
    const { via } = await inForce();

    await page.getByLabel("Weight").fill("3");
    await page.getByRole("button", { name: "Set", exact: true }).click();
    await confirm(/goes from 33(?:\.\d)? % to 60(?:\.\d)? %/, "Set weight");
    assert.deepEqual(await inForce(), { revision: 2, via, weight: 3 });
    await page.locator("dl.gauges").getByText("weight 3").waitFor();
    const before = await counts();
    const sent = await load(100);
    const grown = ((await counts())["b1"] ?? 0) - (before["b1"] ?? 0);
    assert.ok(Math.abs(grown - sent * 0.6) <= 5, `${grown} of ${sent} went to b1`);

    await page.getByRole("link", { name: "Configuration", exact: true }).click();
    await page.getByRole("button", { name: "Drift: 1" }).click();
    await page.locator("ul.changes").getByText("weight").waitFor();
    headgate.write(`${text}via: elsewhere\n`);
    await page.getByRole("button", { name: "Reload" }).click();
    await confirm(/1 setting changed at run time is not in the file/, "Reload");
    await page.getByText("In force: revision 3").waitFor();
    assert.deepEqual(await inForce(), { revision: 3, via: "elsewhere", weight: 3 });

    await page.getByRole("button", { name: "Revisions" }).click();
    const third = page.locator("ol.revisions li", { hasText: "elsewhere" }).first();
    await third.waitFor();
    await page
      .locator("ol.revisions > li")
      .filter({ has: page.locator("strong", { hasText: /^2$/ }) })
      .getByRole("button", { name: "Roll back to it" })
      .click();
    await dialog.locator("ul.changes").getByText("via").waitFor();
    await confirm(/becomes revision 4/, "Roll back");
    await page.getByText("In force: revision 4").waitFor();
    assert.deepEqual(await inForce(), { revision: 4, via, weight: 3 });
    assert.deepEqual(complaints, []);

    // A file with a mistake changes nothing and says where it is.
    headgate.write(text.replace("round-robin", "round-robbin"));
    await page.getByRole("button", { name: "Reload" }).click();
    await dialog.getByRole("button", { name: "Reload", exact: true }).click();
    await dialog
      .getByRole("alert")
      .getByText(/did you mean round-robin/)
      .waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.locator("header.subject").getByText("refused").waitFor();
    assert.deepEqual(await inForce(), { revision: 4, via, weight: 3 });
    assert.deepEqual(complaints.filter((complaint) => !/status of 422/.test(complaint)), []); // oxfmt-ignore
  },
);

test("with nothing but a keyboard an endpoint is found, drained and put back", options, async (t) => {
  const { headgate, api } = await startScene(t);
  const { page, complaints } = await openPage(browser, headgate.adminUrl);
  t.after(() => page.close());
  await page.getByText("live", { exact: true }).waitFor();
  const setTo = async (): Promise<unknown> =>
    ((await api("/v1/pools/app/endpoints/b1")) as { setTo: unknown }).setTo;
  await tabTo(page, page.getByRole("link", { name: "Pools", exact: true }));
  await page.keyboard.press("Enter");
  const row = page.locator("tr[data-endpoint=b1]");
  await row.waitFor();
  await tabTo(page, row.getByRole("link"));
  await page.keyboard.press("Enter");
  const drain = page.getByRole("main").getByRole("button", { name: "Drain" });
  await drain.waitFor();
  await tabTo(page, drain);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Drain b1?").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await setTo(), "ready", "Escape changes nothing");
  await drain.and(page.locator(":focus")).waitFor();

  await page.keyboard.press("Enter");
  await tabTo(page, dialog.getByRole("button", { name: "Drain" }));
  await page.keyboard.press("Enter");
  await page.locator("header.subject .state-draining").waitFor();
  assert.equal(await setTo(), "draining");
  await tabTo(page, page.getByRole("main").getByRole("button", { name: "Ready" }));
  await page.keyboard.press("Enter");
  await tabTo(page, dialog.getByRole("button", { name: "Put back" }));
  await page.keyboard.press("Enter");
  await page.locator("header.subject .state-up").waitFor();
  assert.equal(await setTo(), "ready");
  assert.deepEqual(complaints, []);
});

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
  for (const name of [
    "Configuration",
    "Overview",
    "Pools",
    "Routes",
    "Diagnosis",
    "Events",
    "Explain",
    "Map",
  ]) {
    await page.getByRole("link", { name, exact: true }).click();
    await page.locator("main h2").first().waitFor();
    const [wide, shown] = (await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")) as [
      number,
      number,
    ];
    assert.ok(wide <= shown, `a phone would scroll ${name} sideways: ${wide} > ${shown}`);
  }
  await page.locator("svg.map text.map-title", { hasText: "b3" }).waitFor();
  const hidden = await page.evaluate(
    "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.map-frame'))",
  );
  assert.equal(hidden, 0, "the whole map is seen at once");
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
