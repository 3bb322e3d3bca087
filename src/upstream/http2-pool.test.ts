import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDialer } from "../../test/support/fake-dialer.ts";
import { block, endHeaders, endStream, frame, settings, type } from "../../test/support/frame-client.ts";
import type { MemoryStream } from "../../test/support/memory-stream.ts";
import { outgoing, ResponseRecorder } from "../../test/support/response-recorder.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import { ConnectionPool, type ConnectionPoolSettings } from "./connection-pool.ts";
import { EndpointState } from "./endpoint-state.ts";

const never = Number.POSITIVE_INFINITY;
const defaults: ConnectionPoolSettings = {
  tls: null,
  protocol: "h2",
  http2: { streamsMax: 100, streamWindow: 65_535, connectionWindow: 65_535 },
  proxyProtocol: "off",
  proxyTlvs: [],
  connectTimeoutMs: 1000,
  poolIdleTimeoutMs: 60_000,
  isIdleTimeLearned: false,
  idleMax: 10,
  lifetimeMs: never,
  requestsMax: never,
  responseHeadBytesMax: 1000,
  headerCountMax: 10,
  trailerBytesMax: 100,
  responseHeadTimeoutMs: never,
  upstreamIdleTimeoutMs: never,
  eventStreamIdleTimeoutMs: never,
};

/** HEADERS of a whole response without a body. */
function ok(streamId: number): string {
  return frame(type.headers, endStream + endHeaders, streamId, block([[":status", "200"]]));
}

class Stage {
  readonly clock = new VirtualClock();
  readonly dialer = new FakeDialer();
  readonly state = EndpointState.create(1);
  readonly pool: ConnectionPool;
  /** In the order in which they were made. */
  readonly connections: MemoryStream[] = [];

  constructor(changes: Partial<ConnectionPoolSettings>) {
    const deadlines = new Deadlines(this.clock, 10);
    const { state, dialer, clock } = this;
    this.pool = new ConnectionPool({ ...defaults, ...changes }, dialer, deadlines, state, clock, null);
    this.pool.targets = [{ kind: "tcp", address: "192.0.2.1", port: 80 }];
  }

  /** Sends a request, over a connection that is there or else over one that is made. */
  ask(): ResponseRecorder {
    const waiter = new ResponseRecorder();
    waiter.stream = this.pool.takeIdle(waiter, true);
    if (waiter.stream === null) {
      this.pool.dial(waiter);
      const connection = this.dialer.last.succeed();
      this.connections.push(connection);
      connection.receive(settings());
    }
    waiter.stream?.sendHead(outgoing());
    waiter.stream?.sendEnd("");
    waiter.stream?.flush();
    return waiter;
  }
}

test("a connection older than it may be takes nothing new, and what it carries is answered on it", () => {
  const stage = new Stage({ lifetimeMs: 10_000 });
  const first = stage.ask();
  stage.clock.advance(9_000);
  const second = stage.ask();
  assert.equal(stage.connections.length, 1);
  stage.clock.advance(2_000);
  const third = stage.ask();
  assert.equal(stage.connections.length, 2);
  const [old, young] = stage.connections;
  assert.equal(old?.isEnded, false);
  young?.receive(ok(1));
  old?.receive(ok(1));
  assert.equal(old?.isEnded, false);
  old?.receive(ok(3));
  assert.equal(old?.isEnded, true);
  for (const { events } of [first, second, third])
    assert.deepEqual(events.slice(-2), ["head 200 length", "end"]);
  // The young one goes on, and the endpoint has the old one's place back.
  stage.ask();
  assert.equal(stage.connections.length, 2);
  old?.destroy();
  assert.equal(stage.state.connections, 1);
});

test("an idle connection that has grown too old is closed when it would be used again", () => {
  const stage = new Stage({ lifetimeMs: 10_000, poolIdleTimeoutMs: never });
  stage.ask();
  const [old] = stage.connections;
  old?.receive(ok(1));
  stage.clock.advance(11_000);
  assert.equal(old?.isEnded, false);
  stage.ask();
  assert.equal(old?.isEnded, true);
  assert.equal(stage.connections.length, 2);
});

test("a connection carries as many requests as it may, at once or one after the other, and then closes", () => {
  const stage = new Stage({ requestsMax: 3 });
  const waiters = [stage.ask(), stage.ask()];
  stage.connections[0]?.receive(ok(1));
  waiters.push(stage.ask());
  assert.equal(stage.connections.length, 1);
  waiters.push(stage.ask());
  const [old, young] = stage.connections;
  assert.ok(old !== undefined && young !== undefined);
  old.receive(ok(5));
  assert.equal(old.isEnded, false);
  old.receive(ok(3));
  assert.equal(old.isEnded, true);
  young.receive(ok(1));
  for (const { events } of waiters) assert.equal(events.at(-1), "end");
});

test("a connection closes when it has been idle for its time, counted from its last response", () => {
  const stage = new Stage({ poolIdleTimeoutMs: 5_000 });
  stage.ask();
  stage.clock.advance(20_000);
  const [only] = stage.connections;
  only?.receive(ok(1));
  stage.clock.advance(4_000);
  stage.ask();
  stage.clock.advance(20_000);
  only?.receive(ok(3));
  assert.equal(only?.isEnded, false);
  stage.clock.advance(6_000);
  assert.equal(only?.isEnded, true);
  assert.equal(stage.connections.length, 1);
});

test("an endpoint that chooses HTTP/1.1 after HTTP/2: who waited gets a connection each, and who has left gets none", () => {
  const tls = { serverName: "a", isVerified: true, caPem: null, certificatePem: null, keyPem: null };
  const stage = new Stage({ protocol: "auto", tls });
  const { pool, dialer } = stage;
  pool.dial(new ResponseRecorder());
  const gone = dialer.last.succeed("h2");
  gone.destroy();
  const waiters = [1, 2, 3].map(() => new ResponseRecorder());
  const pending = waiters.map((waiter) => pool.dial(waiter));
  assert.equal(dialer.dials.length, 2);
  dialer.last.succeed("http/1.1");
  const [, , second, third] = dialer.dials;
  assert.ok(second !== undefined && third !== undefined);
  pending[1]?.cancel();
  pending[1]?.cancel();
  assert.equal(second.isGivenUp, true);
  third.succeed("http/1.1");
  assert.deepEqual(
    waiters.map(({ events }) => events),
    [["ready"], [], ["ready"]],
  );
  assert.equal(stage.state.connections, 2);
});

test("where connections begin with a PROXY header, each client's request goes over the one that tells of it", () => {
  const { pool, dialer, state } = new Stage({ proxyProtocol: "v2" });
  const waiters = ["first", "second", "third"].map((name) => {
    const waiter = new ResponseRecorder();
    waiter.proxyHeader = () => Buffer.from(`PROXY for ${name}`);
    pool.dial(waiter);
    return waiter;
  });
  assert.deepEqual(
    dialer.dials.map(({ preamble }) => preamble),
    ["PROXY for first", "PROXY for second", "PROXY for third"],
  );
  // The later ones are faster.
  const streams = dialer.dials
    .toReversed()
    .map((dial) => dial.succeed())
    .toReversed();
  for (const [index, stream] of streams.entries()) {
    stream.receive(settings());
    const { stream: upstream } = waiters[index] as ResponseRecorder;
    upstream?.sendHead(outgoing());
    upstream?.sendEnd("");
    upstream?.flush();
    stream.receive(ok(1));
    assert.deepEqual(waiters[index]?.events, ["ready", "head 200 length", "end"], `connection ${index}`);
    assert.equal(stream.isEnded, true);
    assert.equal(pool.takeIdle(new ResponseRecorder(), true), null);
    stream.destroy();
  }
  assert.equal(state.connections, 0);
});

for (const [name, changes, alpn] of [
  ["asked for", { protocol: "h2" }, ""],
  ["chosen", { protocol: "auto" }, "h2"],
] as const) {
  test(`a pool that closes while a connection is made serves who waited for it (HTTP/2 ${name})`, () => {
    const { pool, dialer, state } = new Stage(changes);
    const waiters = [1, 2].map(() => {
      const waiter = new ResponseRecorder();
      pool.dial(waiter);
      return waiter;
    });
    const dials = [...dialer.dials];
    pool.close();
    for (const dial of dials) {
      const stream = dial.succeed(alpn);
      stream.receive(settings());
      for (const { stream: upstream } of waiters) {
        upstream?.sendHead(outgoing());
        upstream?.sendEnd("");
        upstream?.flush();
      }
      stream.receive(ok(1));
      if (dials.length === 1) stream.receive(ok(3));
      assert.equal(stream.isEnded, true);
      stream.destroy();
    }
    for (const { events } of waiters) assert.deepEqual(events, ["ready", "head 200 length", "end"]);
    assert.equal(dialer.dials.length, dials.length);
    assert.equal(state.connections, 0);
  });
}
