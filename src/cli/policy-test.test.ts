import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runCommand } from "../../test/support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-"));
after(() => rmSync(folder, { recursive: true }));

function policyFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const sound = policyFile(
  "sound.ts",
  `export default (_parts: unknown, { from = 0 }: { from?: number }) => ({
    needsKey: false,
    pick: (eligible: readonly { isFull: boolean; weight: number }[], _key: string, tried: readonly unknown[]) =>
      eligible.slice(from).concat(eligible).find((each) => !each.isFull && each.weight > 0 && !tried.includes(each)) ?? null,
  });`,
);

test("a policy of the user's is laid beside built-in ones, and the same seed gives the same text", async () => {
  const args = [
    "policy",
    "test",
    sound,
    "--beside",
    "round-robin,first",
    "--no-timing",
    "--options",
    '{"from": 1}',
  ];
  const [one, other] = await Promise.all([runCommand(args), runCommand(args)]);
  assert.equal(one.status, 0, one.stderr);
  assert.equal(one.stdout, other.stdout);
  const rows = one.stdout
    .split("\n")
    .slice(2, 5)
    .map((line) => line.split("  ")[0]);
  assert.deepEqual(rows, [sound, "round-robin", "first"]);
});

test("built-in policies go by name, and the numbers by JSON", async () => {
  const { status, stdout } = await runCommand([
    "policy",
    "test",
    "peak-ewma",
    "maglev",
    "--beside",
    "none",
    "--json",
    "--no-timing",
  ]);
  assert.equal(status, 0);
  const { reports } = JSON.parse(stdout) as { reports: { title: string; failingShare: number }[] };
  assert.deepEqual(
    reports.map(({ title }) => title),
    ["peak-ewma", "hash, maglev"],
  );
  assert.ok((reports[0]?.failingShare ?? 1) < 0.25);
});

test("a policy that breaks the rules is told which, and the command fails", async () => {
  const path = policyFile(
    "unsound.ts",
    "export default () => ({ needsKey: false, pick: (eligible: unknown[]) => eligible[0] ?? null });",
  );
  const { status, stdout } = await runCommand(["policy", "test", path, "--beside", "none"]);
  assert.equal(status, 1);
  assert.match(stdout, /tried already/);
});

test("what is no policy is said in a sentence", async () => {
  const wrong = await runCommand(["policy", "test", "peak-ewmo"]);
  assert.deepEqual(
    [wrong.status, wrong.stderr.trim()],
    [
      1,
      "headgate: there is no policy 'peak-ewmo', and a file is written with its path: ./peak-ewmo.ts. Did you mean 'peak-ewma'?",
    ],
  );
  const missing = await runCommand(["policy", "test", "./nowhere.ts"]);
  assert.match(missing.stderr, /^headgate: \.\/nowhere\.ts cannot be used: ENOENT/);
});

test("the example keeps the rules", async () => {
  const example = fileURLToPath(new URL("../../examples/policy.ts", import.meta.url));
  const args = ["policy", "test", example, "--beside", "none", "--no-timing", "--options", '{"slowMs": 50}'];
  const { status, stdout, stderr } = await runCommand(args);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /one slow/);
});
