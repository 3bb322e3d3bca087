import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { parseConfig } from "../config/parse.ts";
import type { SourceConfigOf } from "../config/schema-source.ts";
import type { Look, SourceAnswer } from "./endpoint-source.ts";
import { lookAtUrl } from "./http-look.ts";

const list = '["http://10.0.0.1:80"]';

class Bench {
  readonly clock = new VirtualClock();
  readonly seen: IncomingMessage[] = [];
  respond: (response: ServerResponse, request: IncomingMessage) => void = (response) =>
    void response.end(list);
  #look: Look = () => () => {};

  async start(t: TestContext, more: object = {}): Promise<this> {
    const server = createServer((request, response) => {
      this.seen.push(request);
      this.respond(response, request);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/app?token=t`;
    const result = parseConfig({ pools: { app: { source: { kind: "http", url, ...more } } } });
    assert("config" in result);
    const { look, close } = lookAtUrl(
      result.config.pools["app"]?.source as SourceConfigOf<"http">,
      this.clock,
    );
    this.#look = look;
    t.after(() => {
      close();
      server.closeAllConnections();
      server.close();
    });
    return this;
  }

  look(): Promise<SourceAnswer> {
    return new Promise((resolve) => void this.#look(resolve));
  }

  async names(): Promise<string> {
    const answer = await this.look();
    return answer.kind === "failed" ? answer.reason : answer.endpoints.map(({ name }) => name).join();
  }

  giveUpAtOnce(told: () => void): void {
    this.#look(told)();
  }
}

test("what has not changed since is neither sent nor read again", async (t) => {
  const bench = await new Bench().start(t, { interval: "7s" });
  bench.respond = (response, { headers }) => {
    response.setHeader("etag", 'W/"1"');
    response.statusCode = headers["if-none-match"] === 'W/"1"' ? 304 : 200;
    response.end(response.statusCode === 304 ? "" : list);
  };
  const [first, second] = [await bench.look(), await bench.look()];
  assert(first.kind === "found" && second.kind === "found");
  assert.equal(first.endpoints, second.endpoints);
  assert.equal(second.nextMs, 7000);
  assert.deepEqual(
    bench.seen.map(({ headers }) => headers["if-none-match"]),
    [undefined, 'W/"1"'],
  );
});

test("the tag of an answer that could not be used is not remembered", async (t) => {
  const bench = await new Bench().start(t);
  bench.respond = (response) => void response.setHeader("etag", '"1"').end("[7]");
  assert.match(await bench.names(), /endpoints\[0\] is wrong/);
  bench.respond = (response) => void response.end(list);
  assert.equal(await bench.names(), "10.0.0.1:80");
  assert.equal(bench.seen[1]?.headers["if-none-match"], undefined);
});

test("headers of the configuration are sent", async (t) => {
  const bench = await new Bench().start(t, { headers: { Authorization: "Bearer t0ken" } });
  await bench.look();
  assert.equal(bench.seen[0]?.headers.authorization, "Bearer t0ken");
  assert.equal(bench.seen[0]?.url, "/app?token=t");
});

const useless: readonly (readonly [
  what: string,
  status: number,
  more: Record<string, string>,
  reason: RegExp,
])[] = [
  ["a redirect is not followed", 302, { location: "/elsewhere" }, /it answered 302/],
  ["an error is a failure", 500, {}, /it answered 500/],
  ["not modified, where nothing is known, is a failure", 304, {}, /it answered 304/],
  ["an answer without content is a failure", 204, {}, /it answered 204/],
];
for (const [what, status, headers, reason] of useless) {
  test(what, async (t) => {
    const bench = await new Bench().start(t);
    bench.respond = (response) => void response.writeHead(status, headers).end();
    assert.match(await bench.names(), reason);
    assert.equal(bench.seen.length, 1);
  });
}

test("a body that is too large is not read to its end", async (t) => {
  const bench = await new Bench().start(t, { bytesMax: 1000 });
  let written = 0;
  let isCut = false;
  bench.respond = (response) => {
    response.on("close", () => (isCut = true));
    const more = (): void => {
      while (!isCut && written < 100_000_000) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536, 32))) return void response.once("drain", more);
      }
    };
    more();
  };
  assert.match(await bench.names(), /larger than bytesMax \(1000 bytes\)/);
  assert.ok(written < 100_000_000);
});

test("one time limit holds from connecting to the end of the body", async (t) => {
  const bench = await new Bench().start(t, { timeout: "3s" });
  const begun = Promise.withResolvers<void>();
  bench.respond = (response) => {
    response.write("[");
    begun.resolve();
  };
  const answer = bench.names();
  await begun.promise;
  bench.clock.advance(2999);
  bench.clock.advance(1);
  assert.equal(await answer, "no answer within 3000 ms");
  bench.respond = (response) => void response.end(list);
  assert.equal(await bench.names(), "10.0.0.1:80");
});

test("given up, it says nothing and leaves no timer", async (t) => {
  const bench = await new Bench().start(t);
  let isTold = false;
  bench.giveUpAtOnce(() => (isTold = true));
  assert.equal(await bench.names(), "10.0.0.1:80");
  assert.deepEqual([isTold, bench.clock.pendingCount], [false, 0]);
});
