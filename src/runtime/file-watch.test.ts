import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { FileWatch } from "./file-watch.ts";

class Bench {
  readonly clock = new VirtualClock();
  readonly signatures = new Map<string, string>();
  readonly folders: (readonly string[])[] = [];
  changes = 0;
  stir: () => void = () => {};
  readonly watch = new FileWatch({
    clock: this.clock,
    watchFolders: (folders, onChange) => {
      this.folders.push(folders);
      this.stir = onChange;
      return () => void (this.stir = () => assert.fail("no longer watched"));
    },
    fileSignature: (path) => this.signatures.get(path) ?? "",
    onChanged: () => void this.changes++,
  });
}

test("a file written in several steps is told once, when it has come to rest", () => {
  const bench = new Bench();
  bench.watch.watch(["/etc/gate/a.yaml"]);
  for (const step of ["1", "2", "3"]) {
    bench.signatures.set("/etc/gate/a.yaml", step);
    bench.stir();
    bench.clock.advance(150);
  }
  assert.equal(bench.changes, 0);
  bench.clock.advance(100);
  assert.equal(bench.changes, 1);
});

test("other files of the folder, and a file written as it was, are nothing new", () => {
  const bench = new Bench();
  bench.signatures.set("/etc/gate/a.yaml", "1");
  bench.watch.watch(["/etc/gate/a.yaml"]);
  bench.stir();
  bench.clock.advance(10_000);
  assert.equal(bench.changes, 0);
});

test("where folders tell nothing, the files are looked at now and then", () => {
  const bench = new Bench();
  bench.watch.watch(["/net/a.yaml", "/net/more/b.yaml"]);
  assert.deepEqual(bench.folders, [["/net", "/net/more"]]);
  bench.signatures.set("/net/more/b.yaml", "1");
  bench.clock.advance(5300);
  assert.equal(bench.changes, 1);
});

test("a file that is named without its folder is in the folder that the program works in", () => {
  const bench = new Bench();
  bench.watch.watch(["a.yaml", "certs/b.pem", "/c.pem"]);
  assert.deepEqual(bench.folders, [[".", "certs", "/"]]);
});

test("a file that is gone and comes back is told both times", () => {
  const bench = new Bench();
  bench.signatures.set("/a.yaml", "1");
  bench.watch.watch(["/a.yaml"]);
  for (const signature of ["", "2"]) {
    bench.signatures.set("/a.yaml", signature);
    bench.stir();
    bench.clock.advance(1000);
  }
  assert.equal(bench.changes, 2);
});

test("what is read is known; closing leaves no timer", () => {
  const bench = new Bench();
  bench.watch.watch(["/a.yaml"]);
  bench.signatures.set("/a.yaml", "1");
  bench.watch.onRead();
  bench.watch.watch(["/a.yaml"]);
  bench.stir();
  bench.clock.advance(1000);
  assert.equal(bench.changes, 0);
  assert.equal(bench.folders.length, 1, "the same files need no new watch");
  bench.stir();
  bench.watch.close();
  assert.equal(bench.clock.pendingCount, 0);
});

test("a file that changes while it is read is read again, also when others are watched by then", () => {
  const bench = new Bench();
  bench.watch.watch(["/a.yaml"]);
  bench.watch.onRead();
  bench.signatures.set("/a.yaml", "later");
  bench.signatures.set("/b.yaml", "new");
  bench.watch.watch(["/a.yaml", "/b.yaml"]);
  bench.stir();
  bench.clock.advance(1000);
  assert.equal(bench.changes, 1);
});
