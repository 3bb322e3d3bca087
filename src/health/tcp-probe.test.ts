import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { MemoryStream } from "../../test/support/memory-stream.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Dialer, DialHandler } from "../core/transport.ts";
import { systemClock } from "../platform/clock.ts";
import { createDialer } from "../platform/dialer.ts";
import type { ProbeResult, ProbeTarget } from "./probe.ts";
import { createTcpProbe } from "./tcp-probe.ts";

function targetAt(port: number): ProbeTarget {
  return {
    addresses: [{ kind: "tcp", address: "127.0.0.1", port }],
    tls: null,
    authority: `localhost:${port}`,
  };
}

/** A dialer whose attempts go nowhere until the test decides. */
function stalledDialer() {
  const attempts: DialHandler[] = [];
  let givenUp = 0;
  const dialer: Dialer = {
    dial(_target, _tls, handler) {
      attempts.push(handler);
      return () => void givenUp++;
    },
  };
  return { dialer, attempts, givenUp: () => givenUp };
}

test("a port that accepts passes, and the endpoint sees an orderly close", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = Promise.withResolvers<Socket>();
  server.on("connection", accepted.resolve);
  const probe = createTcpProbe(createDialer(null), systemClock);
  const result = await new Promise<ProbeResult>((done) =>
    probe.probe(targetAt((server.address() as AddressInfo).port), 5000, done),
  );
  assert.equal(result.isOk, true);
  assert.equal(result.detail, "connected");
  const socket = await accepted.promise;
  socket.resume();
  await once(socket, "end");
  server.close();
});

test("a port where nobody listens refuses", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const probe = createTcpProbe(createDialer(null), systemClock);
  const result = await new Promise<ProbeResult>((done) => probe.probe(targetAt(port), 5000, done));
  assert.equal(result.isOk ? "passed" : result.cause, "refused");
});

test("an attempt that goes nowhere times out and is given up", () => {
  const clock = new VirtualClock();
  const { dialer, givenUp } = stalledDialer();
  const results: ProbeResult[] = [];
  createTcpProbe(dialer, clock).probe(targetAt(1), 2000, (result) => void results.push(result));
  clock.advance(1999);
  assert.equal(results.length, 0);
  clock.advance(1);
  assert.deepEqual(results, [
    { isOk: false, cause: "timeout", detail: "no connection within 2000 ms", latencyMs: 2000 },
  ]);
  assert.equal(givenUp(), 1);
});

test("a failed attempt names its cause and leaves no timer", () => {
  const clock = new VirtualClock();
  const { dialer, attempts } = stalledDialer();
  const results: ProbeResult[] = [];
  createTcpProbe(dialer, clock).probe(targetAt(1), 2000, (result) => void results.push(result));
  clock.advance(5);
  attempts[0]?.onDialFailed("EHOSTUNREACH");
  assert.deepEqual(results, [
    { isOk: false, cause: "unreachable", detail: "host unreachable", latencyMs: 5 },
  ]);
  assert.equal(clock.pendingCount, 0);
});

test("a probe given up leaves nothing behind", () => {
  const clock = new VirtualClock();
  const { dialer, givenUp } = stalledDialer();
  createTcpProbe(dialer, clock).probe(targetAt(1), 2000, () => assert.fail("answered"))();
  assert.equal(givenUp(), 1);
  assert.equal(clock.pendingCount, 0);
});

test("addresses are tried in turn within one time limit, passing over those where nobody listens", () => {
  const clock = new VirtualClock();
  const { dialer, attempts } = stalledDialer();
  const results: ProbeResult[] = [];
  const addresses = ["::1", "127.0.0.1", "127.0.0.2"].map(
    (address) => ({ kind: "tcp", address, port: 1 }) as const,
  );
  createTcpProbe(dialer, clock).probe(
    { ...targetAt(1), addresses },
    2000,
    (result) => void results.push(result),
  );
  clock.advance(300);
  attempts[0]?.onDialFailed("ECONNREFUSED");
  assert.equal(attempts.length, 2);
  clock.advance(1700);
  assert.equal(attempts.length, 2, "a timeout is not passed over");
  assert.equal(results[0]?.isOk === false && results[0].cause, "timeout");
  assert.equal(results[0]?.latencyMs, 2000);
  assert.equal(clock.pendingCount, 0);
});

test("after a timeout the next probe begins with the next address, and stays with one that answers", () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const handlers: DialHandler[] = [];
  const dialer: Dialer = {
    dial(target, _tls, handler) {
      asked.push(target.kind === "tcp" ? target.address : target.path);
      handlers.push(handler);
      return () => {};
    },
  };
  const probe = createTcpProbe(dialer, clock);
  const results: ProbeResult[] = [];
  const ask = (): void => {
    const addresses = ["192.0.2.1", "192.0.2.2"].map(
      (address) => ({ kind: "tcp", address, port: 1 }) as const,
    );
    probe.probe({ ...targetAt(1), addresses }, 2000, (result) => void results.push(result));
  };
  ask();
  clock.advance(2000);
  ask();
  handlers[1]?.onConnected(new MemoryStream(), "");
  ask();
  assert.deepEqual(asked, ["192.0.2.1", "192.0.2.2", "192.0.2.2"]);
  assert.deepEqual(
    results.map(({ isOk }) => isOk),
    [false, true],
  );
  // Others are asked from the first on.
  probe.probe(
    { ...targetAt(2), addresses: [{ kind: "tcp", address: "192.0.2.3", port: 2 }] },
    2000,
    () => {},
  );
  assert.equal(asked.at(-1), "192.0.2.3");
});

test("an endpoint refuses only when each of its addresses does", () => {
  const { dialer, attempts } = stalledDialer();
  const results: ProbeResult[] = [];
  const addresses = ["::1", "127.0.0.1"].map((address) => ({ kind: "tcp", address, port: 1 }) as const);
  createTcpProbe(dialer, new VirtualClock()).probe(
    { ...targetAt(1), addresses },
    2000,
    (result) => void results.push(result),
  );
  attempts[0]?.onDialFailed("EADDRNOTAVAIL");
  attempts[1]?.onDialFailed("ECONNREFUSED");
  assert.deepEqual(results, [{ isOk: false, cause: "refused", detail: "connection refused", latencyMs: 0 }]);
});
