import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse.ts";
import type { SourceConfigOf } from "../config/schema-source.ts";
import type { ConfigInput } from "../config/schema.ts";
import type { DnsAnswer, DnsClient, DnsQuestionType, DnsRecord } from "../core/dns.ts";
import { lookForAddresses, lookForServices } from "./dns-look.ts";
import type { Look, SourceAnswer } from "./endpoint-source.ts";

type Zone = Readonly<Record<string, DnsAnswer>>;

const nothing: DnsAnswer = { records: [], additional: [], ttlSeconds: 0 };

function addresses(ttlSeconds: number, ...found: readonly string[]): DnsAnswer {
  const records = found.map((address): DnsRecord => ({ type: "A", name: "x", address, ttlSeconds }));
  return { records, additional: [], ttlSeconds };
}

type Service = readonly [target: string, priority: number, weight: number, port?: number];

function services(...found: readonly Service[]): DnsAnswer {
  const records = found.map(([target, priority, weight, port = 80]): DnsRecord => ({
    type: "SRV",
    name: "x",
    target,
    priority,
    weight,
    port,
    ttlSeconds: 30,
  }));
  return { records, additional: [], ttlSeconds: 30 };
}

/** Answers from a table by `NAME TYPE`, later, and counts what it is asked at once. */
class TableClient implements DnsClient {
  atOnce = 0;
  atOnceMax = 0;
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  ask(
    { name, type }: { name: string; type: DnsQuestionType },
    done: (answer: DnsAnswer) => void,
  ): () => void {
    this.atOnceMax = Math.max(this.atOnceMax, ++this.atOnce);
    let isOver = false;
    setImmediate(() => {
      this.atOnce--;
      if (!isOver) done(this.#zone[`${name} ${type}`] ?? nothing);
    });
    return () => void (isOver = true);
  }
}

type PoolSource = NonNullable<ConfigInput["pools"]>[string]["source"];

function answerOf(look: Look): Promise<SourceAnswer> {
  return new Promise((resolve) => void look(resolve));
}

function settings<Kind extends "dns" | "srv">(source: PoolSource): SourceConfigOf<Kind> {
  const result = parseConfig({ pools: { app: { source } } });
  assert("config" in result);
  return result.config.pools["app"]?.source as SourceConfigOf<Kind>;
}

function askDns(zone: Zone, more: object = {}): Promise<SourceAnswer> {
  const source = { kind: "dns", name: "app.example", port: 80, ...more } as PoolSource;
  return answerOf(lookForAddresses(settings(source), new TableClient(zone)));
}

function askSrv(zone: Zone, more: object = {}, client = new TableClient(zone)): Promise<SourceAnswer> {
  const source = { kind: "srv", name: "_http._tcp.example", ...more } as PoolSource;
  return answerOf(lookForServices(settings(source), client));
}

function seen(answer: SourceAnswer): readonly string[] {
  if (answer.kind === "failed") return [answer.reason];
  return answer.endpoints.map(({ url, weight, priority }) => `${url} ${weight} ${priority}`);
}

test("an answer that rotates gives the same endpoints in the same order", async () => {
  const one = await askDns({ "app.example A": addresses(5, "10.0.0.2", "10.0.0.1") });
  const other = await askDns({ "app.example A": addresses(5, "10.0.0.1", "10.0.0.2", "10.0.0.1") });
  assert.deepEqual(seen(one), ["http://10.0.0.1:80 1 0", "http://10.0.0.2:80 1 0"]);
  assert.deepEqual(seen(other), seen(one));
});

test("both families are asked for unless one is chosen, and half an answer is none", async () => {
  const zone = {
    "app.example A": addresses(5, "10.0.0.1"),
    "app.example AAAA": addresses(5, "2001:db8::1"),
  };
  assert.deepEqual(seen(await askDns(zone)), ["http://10.0.0.1:80 1 0", "http://[2001:db8::1]:80 1 0"]);
  assert.deepEqual(seen(await askDns(zone, { family: "ipv6" })), ["http://[2001:db8::1]:80 1 0"]);
  const half = { ...zone, "app.example AAAA": { problem: "SERVFAIL" } };
  assert.deepEqual(seen(await askDns(half)), ["app.example: SERVFAIL"]);
  assert.deepEqual(seen(await askDns(half, { family: "ipv4" })), ["http://10.0.0.1:80 1 0"]);
});

test("the TTL says when to ask again, within limits", async () => {
  const nextMs = async (ttlSeconds: number): Promise<unknown> => {
    const zone = { "app.example A": addresses(ttlSeconds, "10.0.0.1") };
    const answer = await askDns(zone, { ttlMin: "2s", ttlMax: "1m" });
    return answer.kind === "found" && answer.nextMs;
  };
  assert.deepEqual(await Promise.all([nextMs(0), nextMs(30), nextMs(86_400)]), [2000, 30_000, 60_000]);
});

test("the priorities of services become tiers without gaps, and their weights weights", async () => {
  const zone = {
    "_http._tcp.example SRV": services(
      ["b.example", 20, 0],
      ["a.example", 10, 60],
      ["c.example", 500, 7, 81],
    ),
    "a.example A": addresses(5, "10.0.0.1"),
    "b.example A": addresses(9, "10.0.0.2", "10.0.0.3"),
    "c.example A": addresses(9, "10.0.0.4"),
  };
  const answer = await askSrv(zone);
  assert.deepEqual(seen(answer), [
    "http://10.0.0.1:80 60 0",
    "http://10.0.0.2:80 1 1",
    "http://10.0.0.3:80 1 1",
    "http://10.0.0.4:81 7 2",
  ]);
  assert.equal(answer.kind === "found" && answer.nextMs, 5000);
});

test("an address that two services name counts once, with the first by priority", async () => {
  const zone = {
    "_http._tcp.example SRV": services(["b.example", 20, 9], ["a.example", 10, 5]),
    "a.example A": addresses(5, "10.0.0.1"),
    "b.example A": addresses(5, "10.0.0.1"),
  };
  assert.deepEqual(seen(await askSrv(zone)), ["http://10.0.0.1:80 5 0"]);
});

test("a target without addresses is left out; one that cannot be looked up spoils the answer", async () => {
  const zone = {
    "_http._tcp.example SRV": services(["a.example", 1, 1], ["b.example", 1, 1]),
    "a.example A": addresses(5, "10.0.0.1"),
  };
  assert.deepEqual(seen(await askSrv(zone)), ["http://10.0.0.1:80 1 0"]);
  assert.deepEqual(seen(await askSrv({ ...zone, "b.example A": { problem: "SERVFAIL" } })), [
    "b.example: SERVFAIL",
  ]);
});

test("the root as target says that there is no such service; other odd targets are refused", async () => {
  assert.deepEqual(seen(await askSrv({ "_http._tcp.example SRV": services(["", 0, 0]) })), []);
  for (const service of [
    ["a example", 1, 1],
    ["a.example", 1, 1, 0],
    ["a/b", 1, 1],
  ] as const)
    assert.match(
      seen(await askSrv({ "_http._tcp.example SRV": services(service) }))[0] ?? "",
      /no place to go/,
    );
});

test("many targets are asked about a few at a time, and too many not at all", async () => {
  const many = Array.from({ length: 100 }, (_, index): Service => [`t${index}.example`, 1, 1]);
  const zone: Record<string, DnsAnswer> = { "_http._tcp.example SRV": services(...many) };
  for (const [index, [target]] of many.entries()) zone[`${target} A`] = addresses(5, `10.0.1.${index}`);
  const client = new TableClient(zone);
  assert.equal(seen(await askSrv(zone, {}, client)).length, 100);
  // Two families each.
  assert.equal(client.atOnceMax, 16);
  const bounded = new TableClient(zone);
  assert.deepEqual(seen(await askSrv(zone, { endpointsMax: 99 }, bounded)), [
    "it has 100 endpoints; endpointsMax is 99",
  ]);
  assert.equal(bounded.atOnceMax, 1);
});
