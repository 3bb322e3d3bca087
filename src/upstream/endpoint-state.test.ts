import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { EndpointState } from "./endpoint-state.ts";

describe("EndpointState, as the control plane decides", () => {
  it("starts in service with weight 1, no limits, nothing in flight and nothing learned", () => {
    const state = EndpointState.create(2);
    assert.equal(state.isEligible, true);
    assert.equal(state.isReachable, true);
    assert.equal(state.weight, 1);
    assert.equal(state.isFull, false);
    assert.equal(state.activeRequests, 0);
    assert.equal(state.peakLatencyMs(0), null);
    assert.equal(state.meanLatencyMs(0), null);
    assert.equal(state.readLatency().count, 0);
    for (const [name, total] of Object.entries(state.readTotals())) assert.equal(total, 0, name);
  });

  const statuses = [
    ["down", false, false],
    ["ejected", false, false],
    ["draining", false, true],
    ["maintenance", false, false],
    ["probation", true, true],
    ["unprobed", true, true],
  ] as const;
  for (const [bit, isEligible, isReachable] of statuses) {
    it(`is ${isEligible ? "" : "not "}eligible and ${isReachable ? "" : "not "}reachable when ${bit}`, () => {
      const state = EndpointState.create(1);
      state.setStatus(bit, true);
      assert.equal(state.hasStatus(bit), true);
      assert.deepEqual([state.isEligible, state.isReachable], [isEligible, isReachable]);
      state.setStatus(bit, false);
      assert.deepEqual([state.hasStatus(bit), state.status, state.isEligible], [false, 0, true]);
    });
  }

  it("keeps each status apart from the others", () => {
    const state = EndpointState.create(1);
    state.setStatus("down", true);
    state.setStatus("draining", true);
    state.setStatus("down", false);
    assert.equal(state.isEligible, false);
    assert.equal(state.hasStatus("draining"), true);
  });

  for (const [given, kept] of [
    [0, 0],
    [1, 1],
    [2.5, 2.5],
    [0.3333, 0.333],
    [0.0001, 0.001],
    [100_000, 100_000],
  ] as const) {
    it(`keeps weight ${given} as ${kept}`, () => {
      const state = EndpointState.create(1);
      state.setWeight(given);
      assert.equal(state.weight, kept);
    });
  }

  it("refuses a worker without a row", () => {
    const { buffer } = EndpointState.create(2);
    assert.throws(() => EndpointState.attach(buffer, 2));
    assert.throws(() => EndpointState.attach(buffer, -1));
  });

  it("takes at most 8 KB with two workers, because 10,000 endpoints must fit", () => {
    assert.ok(EndpointState.create(2).buffer.byteLength <= 8192);
  });
});

describe("EndpointState, as the workers see it", () => {
  it("counts over its workers and reports the sums", () => {
    const first = EndpointState.create(2);
    const second = EndpointState.attach(first.buffer, 1);
    first.requestStarted();
    second.requestStarted();
    second.requestStarted();
    assert.deepEqual([first.activeRequests, second.activeRequests], [3, 3]);
    first.requestFinished(200, 12, false, 1000, 100, 1);
    second.requestFinished(500, 30, true, 10, 200, 2);
    second.requestAbandoned(5, 300);
    for (const name of ["retries", "connectionReuses", "timeouts", "timeouts"] as const) second.count(name);
    assert.ok(second.tryOpenConnection());
    const totals = first.readTotals();
    assert.deepEqual(totals, {
      requests: 3,
      responses1xx: 0,
      responses2xx: 1,
      responses3xx: 0,
      responses4xx: 0,
      responses5xx: 1,
      failures: 1,
      abandoned: 1,
      retries: 1,
      bytesIn: 1015,
      bytesOut: 600,
      connectionsOpened: 0,
      connectionReuses: 1,
      connectFailures: 0,
      timeouts: 2,
      resets: 0,
      staleConnections: 0,
      tunnels: 0,
      tunnelsEnded: 0,
      latencyMsSum: 42,
      hedges: 0,
      successes: 1,
      successLatencyMsSum: 12,
      activeRequests: 0,
      connections: 1,
    });
    assert.equal(first.readLatency().count, 2);
  });

  it("files each status class under its own counter and class 0 under none", () => {
    const state = EndpointState.create(1);
    for (const statusClass of [0, 1, 2, 3, 4, 5, 6, 2]) {
      state.requestStarted();
      state.requestFinished(statusClass * 100, 1, false, 0, 0, 0);
    }
    const { requests, responses1xx, responses2xx, responses3xx, responses4xx, responses5xx } =
      state.readTotals();
    assert.deepEqual(
      [requests, responses1xx, responses2xx, responses3xx, responses4xx, responses5xx],
      [8, 1, 2, 1, 1, 1],
    );
  });

  it("counts failures in a row over all workers until one success", () => {
    const first = EndpointState.create(2);
    const second = EndpointState.attach(first.buffer, 1);
    for (const state of [first, second, second]) {
      state.requestStarted();
      state.requestFinished(0, 1, true, 0, 0, 0);
    }
    assert.equal(first.failuresInRow, 3);
    first.requestStarted();
    first.requestFinished(200, 1, false, 0, 0, 0);
    assert.equal(second.failuresInRow, 0);
  });

  it("shares its latency averages with every worker", () => {
    const first = EndpointState.create(2);
    const second = EndpointState.attach(first.buffer, 1);
    first.requestStarted();
    first.requestFinished(200, 80, false, 0, 0, 10);
    assert.equal(second.peakLatencyMs(10), 80);
    assert.equal(second.meanLatencyMs(10), 80);
    second.resetAverages();
    assert.equal(first.peakLatencyMs(10), null);
  });

  it("is full at its limit of requests and not before", () => {
    const state = EndpointState.create(1);
    state.setLimits(2, 0);
    assert.ok(state.tryStartRequest());
    assert.equal(state.isFull, false);
    assert.ok(state.tryStartRequest());
    assert.equal(state.isFull, true);
    assert.equal(state.tryStartRequest(), false);
    assert.equal(state.activeRequests, 2);
    state.requestFinished(200, 1, false, 0, 0, 0);
    assert.equal(state.isFull, false);
  });

  it("is full at its limit of connections only for a worker without an idle one", () => {
    const first = EndpointState.create(2);
    const second = EndpointState.attach(first.buffer, 1);
    first.setLimits(0, 1);
    assert.ok(first.tryOpenConnection());
    assert.equal(second.tryOpenConnection(), false);
    assert.deepEqual([first.isFull, second.isFull], [false, true]);
    first.requestStarted();
    assert.equal(first.isFull, true);
    first.requestAbandoned(0, 0);
    first.connectionClosed();
    assert.deepEqual([first.isFull, second.isFull, first.connections], [false, false, 0]);
  });

  it("gives back what a dead worker held and nothing else", () => {
    const first = EndpointState.create(2);
    const second = EndpointState.attach(first.buffer, 1);
    first.requestStarted();
    for (let held = 0; held < 5; held++) {
      second.requestStarted();
      second.tryOpenConnection();
    }
    first.releaseWorker(1);
    assert.deepEqual([first.activeRequests, first.connections], [1, 0]);
    first.releaseWorker(1);
    assert.equal(first.activeRequests, 1);
    assert.equal(first.readTotals().requests, 6, "history stays");
  });
});

const hammer = `
  import { workerData } from "node:worker_threads";
  const { EndpointState } = await import(workerData.module);
  const state = EndpointState.attach(workerData.buffer, workerData.index);
  let admitted = 0;
  for (let request = 0; request < workerData.requests; request++) {
    if (!state.tryStartRequest()) continue;
    if (state.activeRequests > 2) throw new Error("more in flight than the limit allows");
    admitted++;
    state.requestFinished(200, request % 50, false, 1, 2, request);
  }
  const { parentPort } = await import("node:worker_threads");
  parentPort.postMessage(admitted);
`;

describe("EndpointState under real threads", () => {
  it("loses no count and never exceeds a limit when three threads hammer it", async () => {
    const workers = 3;
    const state = EndpointState.create(workers);
    state.setLimits(2, 0);
    const admitted = await Promise.all(
      Array.from({ length: workers }, (_, index) => runHammer(state.buffer, index, 30_000)),
    );
    const sum = admitted.reduce((total, one) => total + one, 0);
    const totals = state.readTotals();
    assert.ok(sum > 0);
    assert.equal(totals.requests, sum);
    assert.equal(totals.responses2xx, sum);
    assert.equal(totals.bytesOut, 2 * sum);
    assert.equal(state.readLatency().count, sum);
    assert.equal(state.activeRequests, 0);
    const peak = state.peakLatencyMs(30_000);
    assert.ok(peak !== null && peak >= 0 && peak < 50);
  });
});

/** Resolves with the number of requests the thread could start. */
function runHammer(buffer: SharedArrayBuffer, index: number, requests: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const module = new URL("endpoint-state.ts", import.meta.url).href;
    const source = new URL(`data:text/javascript,${encodeURIComponent(hammer)}`);
    const worker = new Worker(source, { workerData: { module, buffer, index, requests } });
    let admitted = -1;
    worker.on("message", (count: number) => {
      admitted = count;
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(admitted));
  });
}
