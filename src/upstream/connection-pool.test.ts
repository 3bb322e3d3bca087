import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDialer } from "../../test/support/fake-dialer.ts";
import type { MemoryStream } from "../../test/support/memory-stream.ts";
import { outgoing, ResponseRecorder } from "../../test/support/response-recorder.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import type { DialTarget } from "../core/transport.ts";
import { ConnectionPool, type ConnectionPoolSettings } from "./connection-pool.ts";
import { EndpointState } from "./endpoint-state.ts";

const never = Number.POSITIVE_INFINITY;
const defaults: ConnectionPoolSettings = {
  tls: null,
  protocol: "http/1.1",
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

class Stage {
  readonly clock = new VirtualClock();
  readonly dialer = new FakeDialer();
  readonly state = EndpointState.create(1);
  readonly pool: ConnectionPool;

  constructor(changes: Partial<ConnectionPoolSettings> = {}) {
    const deadlines = new Deadlines(this.clock, 10);
    this.pool = new ConnectionPool(
      { ...defaults, ...changes },
      this.dialer,
      deadlines,
      this.state,
      this.clock,
      null,
    );
    this.pool.targets = [{ kind: "tcp", address: "192.0.2.1", port: 80 }];
  }

  /** A connection with a request on it. */
  open(): { stream: MemoryStream; waiter: ResponseRecorder } {
    const waiter = new ResponseRecorder();
    this.pool.dial(waiter);
    const stream = this.dialer.last.succeed();
    ask(waiter);
    return { stream, waiter };
  }

  /** Takes an idle connection; false when there is none. */
  reuse(): boolean {
    const waiter = new ResponseRecorder();
    waiter.stream = this.pool.takeIdle(waiter, true);
    if (waiter.stream === null) return false;
    ask(waiter);
    return true;
  }
}

function ask({ stream }: ResponseRecorder): void {
  stream?.sendHead(outgoing());
  stream?.sendEnd("");
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

test("a connection comes back when its exchange is over, and the newest is lent first", () => {
  const stage = new Stage();
  const first = stage.open();
  const second = stage.open();
  assert.equal(stage.reuse(), false);
  first.stream.receive(ok);
  second.stream.receive(ok);
  assert.equal(stage.pool.idleCount, 2);
  const before = second.stream.writes.length;
  assert.equal(stage.reuse(), true);
  assert.equal(second.stream.writes.length, before + 1);
  assert.equal(stage.pool.idleCount, 1);
});

test("of too many idle connections the oldest is closed", () => {
  const stage = new Stage({ idleMax: 1 });
  const first = stage.open();
  const second = stage.open();
  first.stream.receive(ok);
  second.stream.receive(ok);
  assert.equal(first.stream.isClosed, true);
  assert.equal(second.stream.isClosed, false);
  assert.equal(stage.state.connections, 1);
});

test("with no idle connections allowed each is closed after its exchange", () => {
  const stage = new Stage({ idleMax: 0 });
  const { stream, waiter } = stage.open();
  stream.receive(ok);
  assert.equal(stream.isClosed, true);
  assert.equal(waiter.events.at(-1), "end");
  assert.equal(stage.state.connections, 0);
});

test("a connection is not lent again beyond its lifetime or its requests", () => {
  const aged = new Stage({ lifetimeMs: 5000 });
  const old = aged.open();
  old.stream.receive(ok);
  aged.clock.advance(6000);
  assert.equal(aged.reuse(), false);
  assert.equal(old.stream.isClosed, true);

  const counted = new Stage({ requestsMax: 2 });
  const used = counted.open();
  used.stream.receive(ok);
  assert.equal(counted.reuse(), true);
  used.stream.receive(ok);
  assert.equal(used.stream.isClosed, true);
});

test("every address is tried, the one that worked first next time", () => {
  const stage = new Stage();
  stage.pool.targets = [
    { kind: "tcp", address: "192.0.2.1", port: 80 },
    { kind: "tcp", address: "192.0.2.2", port: 80 },
  ];
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  stage.dialer.last.fail("ECONNREFUSED");
  assert.deepEqual(waiter.events, []);
  stage.dialer.last.succeed();
  assert.deepEqual(waiter.events, ["ready"]);
  stage.pool.dial(new ResponseRecorder());
  assert.deepEqual(
    stage.dialer.dials.map(({ target }) => target.kind === "tcp" && target.address),
    ["192.0.2.1", "192.0.2.2", "192.0.2.2"],
  );
});

test("connections to an address that its name has left are not used again", () => {
  const stage = new Stage();
  const at = (last: number): DialTarget => ({ kind: "tcp", address: `192.0.2.${last}`, port: 80 });
  const idle = stage.open();
  const busy = stage.open();
  idle.stream.receive(ok);
  stage.pool.targets = [at(2), at(1)];
  assert.equal(idle.stream.isClosed, false, "an answer in another order says nothing new");
  stage.pool.targets = [at(2), at(3)];
  assert.equal(idle.stream.isClosed, true);
  assert.equal(busy.stream.isClosed, false, "what is under way finishes");
  busy.stream.receive(ok);
  assert.equal(busy.waiter.events.at(-1), "end");
  assert.equal(busy.stream.isClosed, true);
  assert.equal(stage.state.connections, 0);
});

test("a connection that was being made to an address that has left carries one exchange", () => {
  const stage = new Stage();
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  stage.pool.targets = [{ kind: "tcp", address: "192.0.2.9", port: 80 }];
  const stream = stage.dialer.last.succeed();
  ask(waiter);
  stream.receive(ok);
  assert.equal(waiter.events.at(-1), "end");
  assert.equal(stream.isClosed, true);
});

test("an address that swallows packets gets its share of the time, not all of it", () => {
  const stage = new Stage();
  stage.pool.targets = [1, 2].map((last) => ({ kind: "tcp", address: `192.0.2.${last}`, port: 80 }));
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  const [first] = stage.dialer.dials;
  stage.clock.advance(600);
  assert.equal(first?.isGivenUp, true);
  assert.equal(stage.dialer.dials.length, 2);
  assert.deepEqual(waiter.events, []);
  stage.dialer.last.succeed();
  assert.deepEqual(waiter.events, ["ready"]);
  stage.pool.dial(new ResponseRecorder());
  assert.deepEqual(stage.dialer.last.target, { kind: "tcp", address: "192.0.2.2", port: 80 });
});

test("all addresses together get no more than the time for connecting", () => {
  const stage = new Stage();
  stage.pool.targets = [1, 2, 3].map((last) => ({ kind: "tcp", address: `192.0.2.${last}`, port: 80 }));
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  stage.dialer.last.fail("ECONNREFUSED");
  stage.clock.advance(450);
  assert.equal(stage.dialer.dials.length, 2, "half of all the time each, since the first took none");
  stage.clock.advance(150);
  assert.equal(stage.dialer.dials.length, 3);
  stage.clock.advance(600);
  assert.deepEqual(waiter.events, ["failed connect-timeout"]);
  assert.equal(stage.dialer.last.isGivenUp, true);
  assert.equal(stage.state.connections, 0);
});

test("a failed dial is told by what the system said, and its place is free again", () => {
  const cases: readonly (readonly [errorCode: string, isTls: boolean, cause: string])[] = [
    ["ECONNREFUSED", false, "connect-refused"],
    ["ETIMEDOUT", false, "connect-timeout"],
    ["EHOSTUNREACH", false, "connect-failed"],
    ["ECONNRESET", true, "connect-failed"],
    ["CERT_HAS_EXPIRED", true, "tls-failed"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", true, "tls-failed"],
  ];
  const tls = { serverName: "a", isVerified: true, caPem: null, certificatePem: null, keyPem: null };
  for (const [errorCode, isTls, cause] of cases) {
    const stage = new Stage({ tls: isTls ? tls : null });
    const waiter = new ResponseRecorder();
    stage.pool.dial(waiter);
    assert.equal(stage.state.connections, 1);
    stage.dialer.last.fail(errorCode);
    assert.deepEqual(waiter.events, [`failed ${cause}`], errorCode);
    assert.equal(stage.state.connections, 0);
  }
});

test("of several addresses' failures the one that got furthest is told", () => {
  const stage = new Stage();
  stage.pool.targets = [1, 2, 3].map((last) => ({ kind: "tcp", address: `192.0.2.${last}`, port: 80 }));
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  for (const errorCode of ["ECONNREFUSED", "ETIMEDOUT", "ECONNREFUSED"]) stage.dialer.last.fail(errorCode);
  assert.deepEqual(waiter.events, ["failed connect-timeout"]);
});

test("a dial that takes too long is given up", () => {
  const stage = new Stage();
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  stage.clock.advance(1100);
  assert.deepEqual(waiter.events, ["failed connect-timeout"]);
  assert.equal(stage.dialer.last.isGivenUp, true);
  assert.equal(stage.state.connections, 0);
  // Should the system have been about to succeed, nobody is told and nothing leaks.
  assert.equal(stage.dialer.last.succeed().isClosed, true);
  assert.deepEqual(waiter.events, ["failed connect-timeout"]);
});

test("a dial can be cancelled, and nothing is told", () => {
  const stage = new Stage();
  const waiter = new ResponseRecorder();
  const pending = stage.pool.dial(waiter);
  pending.cancel();
  pending.cancel();
  assert.equal(stage.dialer.last.isGivenUp, true);
  assert.equal(stage.dialer.last.succeed().isClosed, true);
  stage.clock.advance(5000);
  assert.deepEqual(waiter.events, []);
  assert.equal(stage.state.connections, 0);
});

test("at the limit of connections an idle one makes room; without one the waiter is refused, but later", async () => {
  const stage = new Stage();
  stage.state.setLimits(0, 1);
  const first = stage.open();
  const refused = new ResponseRecorder();
  stage.pool.dial(refused);
  assert.deepEqual(refused.events, []);
  await Promise.resolve();
  assert.deepEqual(refused.events, ["failed pool-full"]);
  first.stream.receive(ok);
  stage.open();
  assert.equal(first.stream.isClosed, true);
  assert.equal(stage.state.connections, 1);
});

test("an endpoint without an address is told as such, but later", async () => {
  const stage = new Stage();
  stage.pool.targets = [];
  const waiter = new ResponseRecorder();
  stage.pool.dial(waiter);
  assert.deepEqual(waiter.events, []);
  await Promise.resolve();
  assert.deepEqual(waiter.events, ["failed name-unresolved"]);
  assert.equal(stage.state.connections, 0);
});

test("a closed pool lets what is in use finish and closes the rest", () => {
  const stage = new Stage();
  const idle = stage.open();
  const busy = stage.open();
  idle.stream.receive(ok);
  stage.pool.close();
  assert.equal(idle.stream.isClosed, true);
  assert.equal(busy.stream.isClosed, false);
  busy.stream.receive(ok);
  assert.equal(busy.waiter.events.at(-1), "end");
  assert.equal(busy.stream.isClosed, true);
  assert.equal(stage.state.connections, 0);
});

test("a connection that begins with a PROXY header belongs to one client and is not kept", () => {
  const stage = new Stage({ proxyProtocol: "v2" });
  const { stream } = stage.open();
  assert.equal(stage.dialer.last.preamble, "PROXY v2");
  stream.receive(ok);
  assert.equal(stream.isClosed, true);
});
