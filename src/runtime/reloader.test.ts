import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfigText } from "../config/load-text.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { captureLog, type CaptureLog } from "../../test/support/capture-log.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { ConfigChanges } from "./config-changes.ts";
import { withEndpointState } from "./endpoint-edits.ts";
import { Reloader, type ReloadOutcome } from "./reloader.ts";
import { type ChangeOrigin, RevisionConflictError } from "./revisions.ts";

const bySignal: ChangeOrigin = { way: "signal", by: null };
const plain = "pools: { app: { endpoints: [http://127.0.0.1:1, http://127.0.0.1:2] } }\n";

class Bench {
  text = plain;
  refusal: Error | null = null;
  readonly log: CaptureLog = captureLog();
  readonly changes: ConfigChanges;
  readonly reloader: Reloader;

  constructor(loaded: LoadedConfig) {
    this.changes = new ConfigChanges({
      clock: new VirtualClock(),
      makeCurrent: () => (this.refusal === null ? Promise.resolve() : Promise.reject(this.refusal)),
      onChanged() {},
    });
    const source = { name: "gate.yaml", load: () => loadConfigText(this.text, {}) };
    this.reloader = new Reloader({
      source,
      loaded,
      changes: this.changes,
      clock: new VirtualClock(),
      log: this.log,
    });
  }

  get current(): Config {
    return this.changes.revisions.current?.config as Config;
  }

  reload(more: { isDriftDiscarded?: boolean; expected?: number } = {}): Promise<ReloadOutcome> {
    return this.reloader.reload({ origin: bySignal, ...more });
  }
}

async function started(): Promise<Bench> {
  const loaded = await loadConfigText(plain, {});
  assert("config" in loaded);
  const bench = new Bench(loaded);
  await bench.changes.change(() => loaded.config, { origin: { way: "start", by: null } });
  return bench;
}

test("a changed source becomes the next revision, an unchanged one none", async () => {
  const bench = await started();
  assert.equal((await bench.reload()).kind, "unchanged");
  bench.text = `${plain}via: other\n`;
  const outcome = await bench.reload();
  assert(outcome.kind === "applied");
  assert.deepEqual([outcome.revision, outcome.changes.length], [2, 1]);
  assert.deepEqual(bench.reloader.counts, { applied: 1, unchanged: 1, refused: 0 });
});

test("a source with mistakes changes nothing and is remembered, told with every place", async () => {
  const bench = await started();
  bench.text = `${plain}bogus: 1\nworkers: many\n`;
  const outcome = await bench.reload();
  assert(outcome.kind === "refused");
  assert.equal(outcome.issues.filter(({ severity }) => severity === "error").length, 2);
  assert.equal(bench.reloader.last?.outcome, outcome);
  assert.equal(bench.changes.revisions.current?.number, 1);
  const line = bench.log.entries.find(({ level }) => level === "error");
  assert.match(String(line?.fields["issues"]), /request\.yaml:2:1[\s\S]*request\.yaml:3:10/);
});

test("a configuration that cannot be made current is refused, and the file is still compared with the old one", async () => {
  const bench = await started();
  bench.text = `${plain}via: other\n`;
  bench.refusal = new Error("cannot listen");
  const outcome = await bench.reload();
  assert.deepEqual(outcome, { kind: "refused", reason: "cannot listen", issues: [] });
  bench.refusal = null;
  assert.equal((await bench.reload()).kind, "applied");
});

test("run-time edits are kept, or forgotten when asked", async () => {
  const bench = await started();
  await bench.changes.change(
    (current) => withEndpointState(current as Config, "app", "127.0.0.1:1", "draining"),
    {
      origin: { way: "api", by: "ann" },
    },
  );
  assert.equal(bench.reloader.drift().changes.length, 1);
  bench.text = `${plain}via: other\n`;
  const kept = await bench.reload();
  assert(kept.kind === "applied" && kept.kept.length === 1);
  assert.equal(bench.current.pools["app"]?.endpoints[0]?.state, "draining");
  await bench.reload({ isDriftDiscarded: true });
  assert.equal(bench.current.pools["app"]?.endpoints[0]?.state, "ready");
  assert.equal(bench.reloader.drift().changes.length, 0);
});

test("a reload that expects another revision is refused as a conflict and does not stop the next", async () => {
  const bench = await started();
  bench.text = `${plain}via: other\n`;
  await assert.rejects(bench.reload({ expected: 7 }), RevisionConflictError);
  assert.equal((await bench.reload({ expected: 1 })).kind, "applied");
});

test("what takes effect only after a restart is told", async () => {
  const bench = await started();
  bench.text = `${plain}workers: 3\n`;
  await bench.reload();
  assert.ok(
    bench.log.entries.some(({ level, message }) => level === "warn" && /after a restart/.test(message)),
  );
});
