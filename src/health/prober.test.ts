import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { captureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { Prober, type ProbeSchedule, type ProbeSubject } from "./prober.ts";

const target: ProbeTarget = {
  addresses: [{ kind: "tcp", address: "127.0.0.1", port: 8081 }],
  tls: null,
  authority: "localhost:8081",
};
const schedule: ProbeSchedule = { intervalMs: 1000, downIntervalMs: null, timeoutMs: 300, jitter: 0 };

/** A probe that answers after a while, as told, and remembers when it was asked. */
function scriptedProbe(clock: VirtualClock, answer: { isOk: boolean; afterMs: number }) {
  const startsMs: number[] = [];
  let running = 0;
  let runningMost = 0;
  const probe: Probe = {
    probe(_target, _timeoutMs, done) {
      startsMs.push(clock.nowMs());
      runningMost = Math.max(runningMost, ++running);
      const result: ProbeResult = answer.isOk
        ? { isOk: true, latencyMs: answer.afterMs, detail: "status 200" }
        : { isOk: false, latencyMs: answer.afterMs, cause: "status", detail: "status 500" };
      const timer = clock.setTimer(answer.afterMs, () => {
        running--;
        done(result);
      });
      return () => {
        running--;
        timer.cancel();
      };
    },
  };
  return { probe, startsMs, mostAtOnce: () => runningMost };
}

function start(
  parts: {
    answer?: { isOk: boolean; afterMs: number };
    schedule?: Partial<ProbeSchedule>;
    concurrentMax?: number;
  } = {},
) {
  const clock = new VirtualClock();
  const log = captureLog();
  const scripted = scriptedProbe(clock, parts.answer ?? { isOk: true, afterMs: 10 });
  const prober = new Prober({
    clock,
    random: seededRandom(7),
    log,
    concurrentMax: parts.concurrentMax ?? 10,
  });
  const subjectNamed = (name: string, at: () => ProbeTarget | null = () => target): ProbeSubject => ({
    name,
    probe: scripted.probe,
    schedule: { ...schedule, ...parts.schedule },
    health: new EndpointHealth(clock, { rise: 1, fall: 2 }, () => {}),
    target: at,
  });
  return { clock, log, prober, subjectNamed, ...scripted };
}

function gaps(startsMs: readonly number[]): number[] {
  return startsMs.slice(1).map((startMs, index) => Math.round(startMs - (startsMs[index] ?? 0)));
}

test("the first probe comes soon and the others keep the interval from start to start", () => {
  const { clock, prober, subjectNamed, startsMs } = start();
  prober.add(subjectNamed("a"));
  clock.advance(4000);
  assert.ok((startsMs[0] ?? Infinity) < 500);
  assert.deepEqual(gaps(startsMs), [1000, 1000, 1000]);
});

test("a probe slower than the interval is never overtaken by the next", () => {
  const { clock, prober, subjectNamed, startsMs, mostAtOnce } = start({
    answer: { isOk: true, afterMs: 1500 },
  });
  prober.add(subjectNamed("a"));
  clock.advance(8000);
  assert.equal(mostAtOnce(), 1);
  assert.deepEqual(new Set(gaps(startsMs)), new Set([1500]));
});

test("jitter moves probes by its share at most, and does move them", () => {
  const { clock, prober, subjectNamed, startsMs } = start({ schedule: { jitter: 0.2 } });
  prober.add(subjectNamed("a"));
  clock.advance(200_000);
  const seen = gaps(startsMs);
  assert.ok(seen.every((gap) => gap >= 800 && gap <= 1200));
  assert.ok(
    Math.min(...seen) < 850 && Math.max(...seen) > 1150,
    `${Math.min(...seen)} to ${Math.max(...seen)}`,
  );
  const mean = seen.reduce((sum, gap) => sum + gap, 0) / seen.length;
  assert.ok(Math.abs(mean - 1000) < 30, `mean ${mean}`);
});

test("a down endpoint is probed at its own interval", () => {
  const { clock, prober, subjectNamed, startsMs } = start({
    answer: { isOk: false, afterMs: 10 },
    schedule: { downIntervalMs: 200 },
  });
  prober.add(subjectNamed("a"));
  clock.advance(2200);
  // The second failure takes it down; from then on the shorter interval holds.
  assert.deepEqual(gaps(startsMs).slice(0, 4), [1000, 200, 200, 200]);
});

test("a name without an address counts as a failed probe", () => {
  const { clock, prober, subjectNamed, startsMs } = start();
  const subject = subjectNamed("a", () => null);
  prober.add(subject);
  clock.advance(1600);
  assert.deepEqual(startsMs, []);
  assert.equal(subject.health.state.kind, "down");
  assert.equal(subject.health.reason, "the name has no address");
});

test("no more probes run at once than allowed, and all get their turn", () => {
  const { clock, prober, subjectNamed, startsMs, mostAtOnce } = start({
    answer: { isOk: true, afterMs: 300 },
    concurrentMax: 2,
  });
  const subjects = ["a", "b", "c", "d", "e"].map((name) => subjectNamed(name));
  for (const subject of subjects) prober.add(subject);
  clock.advance(1800);
  assert.equal(mostAtOnce(), 2);
  assert.ok(startsMs.length >= 5);
  assert.deepEqual(
    subjects.map((subject) => subject.health.state.kind),
    ["up", "up", "up", "up", "up"],
  );
});

test("a doubt brings the next probe forward, and once more if one was under way", () => {
  const { clock, prober, subjectNamed, startsMs } = start({ answer: { isOk: true, afterMs: 100 } });
  const subject = subjectNamed("a");
  prober.add(subject);
  clock.advance(700);
  assert.equal(startsMs.length, 1);
  prober.probeSoon(subject);
  assert.deepEqual(startsMs[1], 700);
  clock.advance(50);
  prober.probeSoon(subject);
  prober.probeSoon(subject);
  clock.advance(100);
  assert.deepEqual(startsMs.slice(1), [700, 800]);
  clock.advance(700);
  assert.equal(startsMs.length, 3);
});

test("a removed endpoint is probed no more and the answer under way is dropped", () => {
  const { clock, prober, subjectNamed } = start({ answer: { isOk: false, afterMs: 400 } });
  const subject = subjectNamed("a");
  prober.add(subject);
  clock.advance(550);
  prober.remove(subject);
  clock.advance(5000);
  assert.equal(subject.health.lastResult, null);
  assert.equal(clock.pendingCount, 0);
});

test("removing one that runs lets a queued one start, and removing a queued one forgets it", () => {
  const { clock, prober, subjectNamed, startsMs } = start({
    answer: { isOk: true, afterMs: 10_000 },
    concurrentMax: 1,
  });
  const [a, b, c] = [subjectNamed("a"), subjectNamed("b"), subjectNamed("c")];
  for (const subject of [a, b, c]) prober.add(subject);
  clock.advance(600);
  assert.equal(startsMs.length, 1);
  prober.remove(b);
  prober.remove(c);
  prober.remove(a);
  assert.equal(startsMs.length <= 3, true);
  assert.equal(clock.pendingCount, 0);
});

test("a close leaves no timer behind", () => {
  const { clock, prober, subjectNamed } = start();
  for (const name of ["a", "b", "c"]) prober.add(subjectNamed(name));
  clock.advance(300);
  prober.close();
  assert.equal(clock.pendingCount, 0);
});

test("each probe is told at debug, with endpoint and answer", () => {
  const { clock, log, prober, subjectNamed } = start({ answer: { isOk: false, afterMs: 10 } });
  prober.add(subjectNamed("a"));
  clock.advance(600);
  assert.deepEqual(log.entries, [
    {
      level: "debug",
      message: "probe failed",
      fields: { endpoint: "a", answer: "status 500", latencyMs: 10 },
    },
  ]);
});
