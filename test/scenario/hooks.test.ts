/** Hooks of the user's: what they may change, how they are bounded, and that their mistakes are located. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { HookError, Hooks } from "../../src/index.ts";
import { ConfigError } from "../../src/runtime/config-error.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";
import { startBackend, startHeadgateProcess } from "../support/headgate-process.ts";
import { turns } from "../support/signal.ts";
import { type Rig, type RigOptions, startRig } from "../support/rig.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-"));
after(() => rmSync(folder, { recursive: true }));

const get = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-In: 1\r\nX-Drop: 2\r\n\r\n";
const okResponse = "HTTP/1.1 200 OK\r\nX-Secret: s\r\nContent-Length: 2\r\n\r\nok";
const never = new Promise<undefined>(() => {});

type HooksInput = Hooks & { readonly timeout?: "100ms"; readonly concurrency?: number };

/** Hooks in this thread, before an origin that answers `ok` with a header. */
async function rigWith(hooks: HooksInput, options: RigOptions = {}): Promise<Rig> {
  return startRig({ behaviours: [{ respond: () => okResponse }], ...options, config: { hooks } });
}

async function answerTo(rig: Rig, request = get) {
  const client = await rig.connect();
  client.send(request);
  return client.readResponse();
}

for (const way of ["at once", "later"] as const) {
  const soon = async (): Promise<void> => turns(1);

  test(`onRequest changes headers, ${way}`, async () => {
    await using rig = await rigWith({
      onRequest(request) {
        assert.deepEqual(
          [request.method, request.path, request.query, request.host, request.header("X-IN"), request.route],
          ["GET", "/a", "b=c", "h", "1", "default"],
        );
        const change = (): void => {
          request.setHeader("X-In", "2");
          request.setHeader("X-New", "ü");
          request.removeHeader("x-drop");
        };
        return way === "later" ? soon().then(change) : change();
      },
    });
    assert.equal((await answerTo(rig)).body, "ok");
    const { head } = await rig.origin.awaitRequest();
    assert.match(head, /\r\nX-In: 2\r\nX-New: \u00c3\u00bc\r\n/);
    assert.doesNotMatch(head, /X-Drop|X-In: 1/);
  });

  test(`onRequest answers in place of an endpoint, ${way}`, async () => {
    const answer = { status: 403, headers: { "X-Why": "hook" }, body: "no" };
    await using rig = await rigWith({
      onRequest: () => (way === "later" ? soon().then(() => answer) : answer),
    });
    const response = await answerTo(rig);
    assert.deepEqual([response.status, response.header("x-why"), response.body], [403, "hook", "no"]);
    assert.equal(rig.origin.requests.length, 0);
    assert.equal((await rig.proxy.record()).cause, null);
  });

  test(`onResponse changes headers and sees what onRequest left, ${way}`, async () => {
    await using rig = await rigWith({
      onRequest(request) {
        request.locals["seen"] = request.path;
      },
      onResponse(request, response) {
        const change = (): void => {
          response.removeHeader("X-Secret");
          const { status, endpoint } = response;
          const facts = [status, endpoint, response.header("x-secret"), request.locals["seen"]];
          response.setHeader("X-Facts", facts.join(" "));
        };
        return way === "later" ? soon().then(change) : change();
      },
    });
    const response = await answerTo(rig);
    assert.equal(response.header("x-facts"), "200 origin-0 s /a");
    assert.equal(response.header("x-secret"), null);
    assert.equal(response.body, "ok");
  });

  test(`onResponse replaces a response, ${way}`, async () => {
    const answer = { status: 418, body: "tea" };
    await using rig = await rigWith({
      onResponse: () => (way === "later" ? soon().then(() => answer) : answer),
    });
    const response = await answerTo(rig);
    assert.deepEqual([response.status, response.body], [418, "tea"]);
  });

  test(`onError replaces an error, ${way}`, async () => {
    const errors: HookError[] = [];
    const answer = { status: 200, headers: { "Content-Type": "text/html" }, body: "<p>later</p>" };
    await using rig = await rigWith(
      {
        onError(_request, error) {
          errors.push(error);
          return way === "later" ? soon().then(() => answer) : answer;
        },
      },
      { behaviours: [], refusing: 1 },
    );
    const response = await answerTo(rig);
    assert.deepEqual(
      [response.status, response.header("content-type"), response.body],
      [200, "text/html", "<p>later</p>"],
    );
    const [error] = errors;
    assert.deepEqual(
      [errors.length, error?.cause, error?.status, error?.endpoint, error?.attempts, error?.stage],
      [1, "connect-refused", 502, "origin-0", 1, "connect"],
    );
    const record = await rig.proxy.record();
    assert.deepEqual([record.status, record.cause], [200, "connect-refused"]);
  });

  test(`a hook that throws ${way} is a cause with its place, and the next request is served`, async () => {
    let isBroken = true;
    const boom = (): undefined => {
      if (isBroken) throw new RangeError("boom");
      return undefined;
    };
    await using rig = await rigWith({ onRequest: () => (way === "later" ? soon().then(boom) : boom()) });
    const response = await answerTo(rig);
    assert.deepEqual([response.status, response.header("headgate-cause")], [500, "request-hook-failed"]);
    assert.match((await rig.proxy.record()).detail, /^RangeError: boom \(\/.*hooks\.test\.ts:\d+:\d+\)$/);
    isBroken = false;
    assert.equal((await answerTo(rig)).body, "ok");
  });

  test(`when onResponse throws ${way}, nothing of the response gets out`, async () => {
    const boom = (): undefined => {
      throw new Error("no");
    };
    await using rig = await rigWith({ onResponse: () => (way === "later" ? soon().then(boom) : boom()) });
    const response = await answerTo(rig);
    assert.deepEqual([response.status, response.header("headgate-cause")], [500, "response-hook-failed"]);
    assert.equal(response.header("x-secret"), null);
  });

  test(`when onError throws ${way}, the error is answered as without it`, async () => {
    const boom = (): undefined => {
      throw new Error("no");
    };
    await using rig = await rigWith(
      { onError: () => (way === "later" ? soon().then(boom) : boom()) },
      { behaviours: [], refusing: 1 },
    );
    assert.equal((await answerTo(rig)).header("headgate-cause"), "connect-refused");
  });
}

test("a body that arrives while onResponse thinks is kept, however long and in whatever order it ends", async () => {
  const body = "x".repeat(300_000);
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using rig = await rigWith(
    { onResponse: () => released },
    { behaviours: [{ respond: () => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}` }] },
  );
  const client = await rig.connect();
  client.send(get);
  await rig.origin.awaitRequest();
  await turns(50);
  assert.equal(client.received, "");
  release();
  assert.equal((await client.readResponse()).body, body);
  client.send(get);
  assert.equal((await client.readResponse()).body, body);
});

test("an endpoint that dies while onResponse thinks is seen afterwards", async () => {
  await using rig = await rigWith(
    {
      onResponse: async () => {
        await rig.origin.awaitRequest();
        await turns();
        return undefined;
      },
    },
    {
      behaviours: [
        { respond: (_, connection) => connection.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok") },
      ],
    },
  );
  const client = await rig.connect();
  client.send(get);
  await client.ended();
  assert.equal((await rig.proxy.record()).cause, "reset-mid-body");
});

test("hooks that never end are waited for until their time is over, and only so many of them", async () => {
  await using rig = await rigWith({ onRequest: () => never, timeout: "100ms", concurrency: 2 });
  const answers = await Promise.all([answerTo(rig), answerTo(rig), answerTo(rig)]);
  assert.deepEqual(
    answers.map((answer) => answer.header("headgate-cause")),
    Array.from({ length: 3 }, () => "request-hook-failed"),
  );
  const details = rig.proxy.records.map(({ detail }) => detail).toSorted();
  assert.match(details[0] ?? "", /^2 hooks are waited for already/);
  assert.match(details[1] ?? "", /^it took longer than 100 ms/);
  assert.match(details[2] ?? "", /^it took longer than 100 ms/);
});

test("a client that leaves while a hook thinks leaves nothing behind", async () => {
  for (const name of ["onRequest", "onResponse"] as const) {
    let asked: () => void = () => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const hook = async (): Promise<undefined> => {
      asked();
      return never;
    };
    // Closing the rig asserts that no place, connection or stream is held.
    await using rig = await rigWith({ [name]: hook });
    const client = await rig.connect();
    client.send(get);
    await isAsked;
    client.reset();
    assert.equal((await rig.proxy.record()).cause, "client-gone");
  }
});

test("onError hears of what cannot be answered any more", async () => {
  const errors: HookError[] = [];
  await using rig = await rigWith(
    { onError: (_request, error) => void errors.push(error) },
    {
      behaviours: [
        { respond: (_, connection) => connection.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok") },
      ],
    },
  );
  const client = await rig.connect();
  client.send(get);
  await client.ended();
  await rig.proxy.record();
  assert.deepEqual(
    errors.map(({ cause, status }) => [cause, status]),
    [["reset-mid-body", null]],
  );
});

const refusedChanges: readonly (readonly [what: string, hook: Hooks, reason: RegExp])[] = [
  [
    "the framing",
    { onRequest: (request) => request.setHeader("Content-Length", "5") },
    /belongs to Headgate/,
  ],
  [
    "a line break",
    { onRequest: (request) => request.setHeader("X-A", "a\r\nX-B: c") },
    /no text of one line/,
  ],
  ["a name", { onRequest: (request) => request.removeHeader("X A") }, /is not a header name/],
  ["a status", { onRequest: () => ({ status: 101 }) }, /status is 200 to 599/],
  // A user's JavaScript may return anything.
  ["no answer", { onRequest: () => "yes" as unknown as undefined }, /no answer/],
];
for (const [what, hooks, reason] of refusedChanges) {
  test(`a hook cannot break the wire: ${what}`, async () => {
    await using rig = await rigWith(hooks);
    assert.equal((await answerTo(rig)).header("headgate-cause"), "request-hook-failed");
    assert.match((await rig.proxy.record()).detail, reason);
  });
}

test("a header cannot be changed once the request is on its way", async () => {
  await using rig = await rigWith({
    onRequest() {},
    onResponse(request) {
      request.setHeader("X-Late", "1");
    },
  });
  await answerTo(rig);
  assert.match((await rig.proxy.record()).detail, /too late/);
});

test("an upgrade is shown to onResponse and goes on", async () => {
  const seen: number[] = [];
  await using rig = await rigWith(
    { onResponse: async (_request, { status }) => void seen.push(status) },
    {
      behaviours: [
        {
          isReadingRequests: false,
          onBytes: (connection) =>
            connection.write(
              connection.received.endsWith("ping")
                ? "pong"
                : "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello",
            ),
        },
      ],
    },
  );
  const client = await rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  await client.readUntil("hello");
  client.send("ping");
  await client.readUntil("pong");
  assert.deepEqual(seen, [101]);
});

// With workers

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const hookText = `export function onRequest(request) { request.setHeader("X-Hook", "1"); }
export async function onResponse(request, response) { response.setHeader("X-Answered", request.path); }`;

for (const workers of [0, 2]) {
  test(`hooks from a module serve with ${workers} workers`, async () => {
    const hooks = file(`hooks-${workers}.mjs`, hookText);
    await using rig = await startBalancerRig({ origins: ["a"], config: { workers, hooks } });
    const answer = await rig.ask("/x");
    assert.equal(answer.header("x-answered"), "/x");
  });
}

test("hooks of a configuration in TypeScript serve with workers, each of which imports it", async () => {
  const path = file(
    "headgate.config.ts",
    `export default { hooks: { onResponse(request: { path: string }, response: any): void { response.setHeader("X-Answered", request.path); } } };`,
  );
  await using rig = await startBalancerRig({ origins: ["a"], config: { workers: 2, hooks: path } });
  assert.equal((await rig.ask("/y")).header("x-answered"), "/y");
});

const brokenModules: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ["none.mjs", "export const nothing = 1;", /exports none of onRequest, onResponse, onError/],
  ["no-function.mjs", "export const onRequest = 1;", /onRequest is no function/],
  ["throws.mjs", "throw new Error('not today');", /not today/],
];
for (const [name, text, reason] of brokenModules) {
  test(`a module that has no hooks is refused with its place: ${name}`, async () => {
    await assert.rejects(
      startBalancerRig({ origins: ["a"], config: { hooks: file(name, text) } }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, reason);
        assert.deepEqual(error.issues[0]?.path, ["hooks", "path"]);
        return true;
      },
    );
  });
}

test("functions cannot be handed to workers, and that is said", async () => {
  await assert.rejects(
    startBalancerRig({ origins: ["a"], config: { workers: 1, hooks: { onRequest() {} } } }),
    /functions cannot be handed to worker threads/,
  );
});

test("with --watch a module that the TypeScript configuration imports is read again, in every worker", async (t) => {
  const { url } = await startBackend(t, (_request, response) => response.end("ok"));
  const config = (more: string): string => `
    import { defineConfig } from "headgate";
    import { word } from "./word.ts";
    export default defineConfig({
      workers: 2,
      listeners: ["127.0.0.1:0"],
      pools: { app: { endpoints: [${JSON.stringify(url)}] } },
      hooks: { onResponse: (_request, response) => response.setHeader("X-Word", word) },
      admin: "127.0.0.1:0",${more}
    });`;
  const headgate = await startHeadgateProcess(t, config(""), {
    args: ["--watch"],
    fileName: "headgate.config.ts",
    files: { "word.ts": `export const word: string = "one";` },
  });
  assert.equal((await fetch(headgate.url)).headers.get("x-word"), "one");
  writeFileSync(join(headgate.folder, "word.ts"), `export const word: string = "second";`);
  await headgate.command.until(/"way":"watch"[^\n]*"message":"reloaded/);
  // New connections, so that both workers are asked.
  for (let i = 0; i < 20; i++) {
    const response = await fetch(headgate.url, { headers: { Connection: "close" } });
    assert.equal(response.headers.get("x-word"), "second");
  }
});
