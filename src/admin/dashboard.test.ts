import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Dashboard, type DashboardFiles } from "./dashboard.ts";

const page = "<!doctype html><title>Headgate</title>";
const script = "console.log('water');";
const files: DashboardFiles = new Map([
  ["index.html", new TextEncoder().encode(page)],
  ["assets/index-x1.js", new TextEncoder().encode(script)],
]);

function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Response | null {
  return new Dashboard(() => files).answer(new Request(`http://127.0.0.1:9900${path}`, { headers, method }));
}

test("the page is at / and /dashboard, asked for anew each time, under a policy that lets nothing in from elsewhere", async () => {
  for (const path of ["/", "/dashboard"]) {
    const response = ask(path);
    assert.equal(await response?.text(), page);
    assert.equal(response?.headers.get("cache-control"), "no-cache");
    const policy = response?.headers.get("content-security-policy") ?? "";
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      assert.ok(policy.split("; ").includes(rule), rule);
    }
    assert.doesNotMatch(policy, /unsafe|http|\*/);
    assert.equal(response?.headers.get("x-content-type-options"), "nosniff");
  }
});

test("hashed assets may be kept for ever, and come compressed to those who take that", async () => {
  const plain = ask("/assets/index-x1.js");
  assert.equal(plain?.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.match(plain?.headers.get("content-type") ?? "", /^text\/javascript/);
  assert.equal(await plain?.text(), script);
  const gzipped = ask("/assets/index-x1.js", { "accept-encoding": "br, gzip" });
  assert.equal(gzipped?.headers.get("content-encoding"), "gzip");
  assert.equal(gunzipSync(Buffer.from((await gzipped?.arrayBuffer()) ?? [])).toString(), script);
});

test("who has the page already is told so, and HEAD gets the head", async () => {
  const etag = ask("/")?.headers.get("etag") ?? "";
  assert.equal(ask("/", { "if-none-match": `"other", ${etag}` })?.status, 304);
  assert.equal(ask("/", { "if-none-match": '"other"' })?.status, 200);
  const head = ask("/", {}, "HEAD");
  assert.equal(head?.headers.get("content-length"), String(page.length));
  assert.equal(await head?.text(), "");
});

test("nothing else is the dashboard's", () => {
  for (const path of [
    "/v1/status",
    "/assets/none.js",
    "/index.html",
    "/assets/../index.html",
    "/dashboard/x",
  ]) {
    assert.equal(ask(path), null, path);
  }
  assert.equal(ask("/", {}, "POST"), null);
});

test("without a build the page says how to make one, and appears as soon as there is one", async () => {
  let built: DashboardFiles | null = null;
  const dashboard = new Dashboard(() => built);
  const request = (): Request => new Request("http://127.0.0.1:9900/");
  const missing = dashboard.answer(request());
  assert.equal(missing?.status, 503);
  assert.match((await missing?.text()) ?? "", /npm run build:dashboard/);
  built = files;
  assert.equal(await dashboard.answer(request())?.text(), page);
});
