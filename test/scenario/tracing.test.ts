/** Identifiers and traces through a running proxy: what endpoints, clients and the access log get to see. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { ConfigInput } from "../../src/config/schema.ts";
import { lineFormatOf } from "../../src/observability/access-log/line-format.ts";
import { startBackend } from "../support/headgate-process.ts";
import { startProxy, type TestProxy } from "../support/start-proxy.ts";

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
type Headers = Readonly<Record<string, string | string[] | undefined>>;

async function ask(proxy: TestProxy, path: string, headers: Record<string, string>): Promise<Headers> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: proxy.port, host: "127.0.0.1", path, headers }, (response) => {
      response.resume().on("end", () => resolve(response.headers));
    });
    sent.on("error", reject).end();
  });
}

async function start(t: TestContext, config: ConfigInput, trustedProxies: string[] = []) {
  const seen: Headers[] = [];
  const { url } = await startBackend(t, (incoming, response) => {
    seen.push(incoming.headers);
    response.setHeader("x-request-id", "the backend's own");
    response.end("ok");
  });
  const routes = [{ match: { path: "/app" }, pool: "app" }];
  const proxy = await startProxy({
    origins: [url],
    listener: { trustedProxies },
    config: { routes, ...config },
  });
  t.after(() => proxy.close());
  return { proxy, seen };
}

test("endpoint, client and log see one identifier; answers of Headgate's own have it, too", async (t) => {
  const { proxy, seen } = await start(t, { requestId: "X-Request-Id" });
  const answer = await ask(proxy, "/app", { "x-request-id": "a stranger's" });
  const id = String(answer["x-request-id"]);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(seen[0]?.["x-request-id"], id);
  const missing = await ask(proxy, "/nowhere", {});
  const [first, second] = [await proxy.record(1), await proxy.record(2)];
  assert.match(lineFormatOf("json")(first), new RegExp(`"requestId":"${id}"`));
  assert.equal(second.requestId, missing["x-request-id"]);
});

test("a trusted proxy's identifier and trace go on", async (t) => {
  const { proxy, seen } = await start(t, { requestId: "X-Request-Id", tracing: {} }, ["127.0.0.1"]);
  await ask(proxy, "/app", { "x-request-id": "abc", traceparent: parent, tracestate: "vendor=1" });
  const [headers] = seen;
  assert.equal(headers?.["x-request-id"], "abc");
  assert.match(
    String(headers?.["traceparent"]),
    /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/,
  );
  assert.equal(headers?.["tracestate"], "vendor=1");
  assert.match(lineFormatOf("json")(await proxy.record()), /"traceId":"0af7651916cd43dd8448eb211c80319c"/);
});

test("a stranger's trace is not continued, and no sample is taken where the share is nought", async (t) => {
  const { proxy, seen } = await start(t, { tracing: { share: "0%" } });
  await ask(proxy, "/app", { traceparent: parent, tracestate: "vendor=1" });
  assert.match(String(seen[0]?.["traceparent"]), /^00-(?!0af7651916cd43dd)[0-9a-f]{32}-[0-9a-f]{16}-02$/);
  assert.equal(seen[0]?.["tracestate"], undefined);
});

test("without configuration, traces pass untouched, and a template may still ask for an identifier", async (t) => {
  const { proxy, seen } = await start(t, {
    routes: [{ pool: "app", headers: { request: { set: { "X-Made": "${request.id}" } } } }],
  });
  await ask(proxy, "/app", { traceparent: parent });
  assert.equal(seen[0]?.["traceparent"], parent);
  const made = String(seen[0]?.["x-made"]);
  assert.match(made, /^[0-9a-f]{32}$/);
  assert.equal(lineFormatOf("${request.id}")(await proxy.record()), `${made}\n`);
});
