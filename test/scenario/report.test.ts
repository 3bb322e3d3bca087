/** `headgate report` as users run it: its figures against others worked out by awk and sort, its sources, its page. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { ReportFigures } from "../../src/observability/report/figures.ts";
import { runCommand } from "../support/command.ts";
import { logReference } from "../support/log-reference.ts";
import { disagreements } from "../support/report-agreement.ts";
import { sampleLogLines } from "../support/sample-log.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "headgate-report-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function figuresOf(...args: readonly string[]): Promise<ReportFigures> {
  const { status, stdout, stderr } = await runCommand(["report", ...args, "--json"]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as ReportFigures;
}

test("the figures are those that awk and sort find", { timeout: 60_000 }, async (t) => {
  const folder = folderOf(t);
  const file = join(folder, "access.log");
  writeFileSync(file, [...sampleLogLines(20_000)].join(""));
  const figures = await figuresOf(file);
  assert.deepEqual(disagreements(figures, logReference(file, folder)), []);
  assert.equal(figures.causes[0]?.cause, "reset-before-head");
  assert.equal(figures.imbalances[0]?.isUneven, true);
  const perMoment = figures.overTime.moments.reduce(
    (sum, { classes }) => sum + classes.reduce((all, count) => all + count, 0),
    0,
  );
  assert.equal(perMoment, 20_000);
});

test(
  "files, compressed files and standard input are read, mixed and without an end",
  { timeout: 60_000 },
  async (t) => {
    const folder = folderOf(t);
    const [plain, packed, nginx] = ["a.log", "b.log.gz", "c.log"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(plain, [...sampleLogLines(1000)].join("").trimEnd());
    writeFileSync(packed, gzipSync([...sampleLogLines(500)].join("")));
    const line = '::1 - - [21/Nov/2026:03:00:07 +0000] "GET /old HTTP/1.1" 200 5 "-" "curl/8"\r\n';
    writeFileSync(nginx, `${line.repeat(250)}not a line\n${"x".repeat(2_000_000)}\n${line}`);
    const figures = await figuresOf(plain, packed, nginx);
    assert.deepEqual([figures.formats, figures.unreadLines], [{ headgate: 1500, common: 251 }, 2]);
    const bin = fileURLToPath(new URL("../../bin/headgate.js", import.meta.url));
    const piped = spawnSync(process.execPath, [bin, "report", "-"], {
      input: readFileSync(nginx),
      encoding: "utf8",
    });
    assert.match(piped.stdout, /^251 requests from 2026-11-21T03:00:07.000Z/);
    assert.equal(piped.stderr, "", "no progress bar where there is no terminal");
  },
);

test("a page is written, and what cannot be read or written is said", { timeout: 60_000 }, async (t) => {
  const folder = folderOf(t);
  const file = join(folder, "access.log");
  const page = join(folder, "out.html");
  writeFileSync(file, [...sampleLogLines(2000)].join(""));
  const { status, stderr } = await runCommand(["report", file, "--html", page]);
  assert.deepEqual([status, stderr], [0, `2000 exchanges reported in ${page}\n`]);
  assert.match(readFileSync(page, "utf8"), /<h1>Traffic report<\/h1>[\s\S]*reset-before-head/);
  const missing = await runCommand(["report", join(folder, "nothing.log")]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nothing\.log cannot be read: ENOENT/);
  writeFileSync(join(folder, "poem.txt"), "Roses are red\n");
  assert.match(
    (await runCommand(["report", join(folder, "poem.txt")])).stderr,
    /No line tells of an exchange \(1 were/,
  );
  writeFileSync(join(folder, "broken.gz"), gzipSync("x".repeat(100_000)).subarray(0, 60));
  assert.match((await runCommand(["report", join(folder, "broken.gz")])).stderr, /broken\.gz cannot be read/);
});
