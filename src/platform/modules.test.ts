import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { filesBehindModule, importModule, moduleUrl } from "./modules.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-"));
after(() => rmSync(folder, { recursive: true }));

let writes = 0;
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  // Of another second each time, however coarse the file system's clock.
  utimesSync(path, 1_000_000 + ++writes, 1_000_000 + writes);
  return path;
}

async function valueOf(path: string): Promise<unknown> {
  return ((await importModule(moduleUrl(path))) as { default: unknown }).default;
}

test("a module is imported anew when it was written, and otherwise not", async () => {
  const path = write("one.mjs", "export default {};");
  const first = await valueOf(path);
  assert.equal(await valueOf(path), first);
  write("one.mjs", "export default 2;");
  assert.equal(await valueOf(path), 2);
});

test("what a module imports counts as part of it, however deep", async () => {
  write("leaf.ts", "export const value: number = 1;");
  write("branch.ts", `import { value } from "./leaf.ts"; export const twice: number = value * 2;`);
  const root = write("root.ts", `import { twice } from "./branch.ts"; export default { twice };`);
  const first = await valueOf(root);
  assert.deepEqual(first, { twice: 2 });
  assert.equal(await valueOf(root), first);
  assert.deepEqual(filesBehindModule(root).toSorted(), [join(folder, "branch.ts"), join(folder, "leaf.ts")]);
  write("leaf.ts", "export const value: number = 21;");
  assert.deepEqual(await valueOf(root), { twice: 42 });
});

test("a module that cannot be imported still says what it is made of", async () => {
  write("broken.ts", "export const value = ;");
  const root = write("whole.ts", `import { value } from "./broken.ts"; export default value;`);
  await assert.rejects(valueOf(root));
  assert.deepEqual(filesBehindModule(root), [join(folder, "broken.ts")]);
  write("broken.ts", "export const value = 1;");
  assert.equal(await valueOf(root), 1);
});

test("headgate can be imported from anywhere", async () => {
  const path = write(
    "config.ts",
    `import { defineConfig } from "headgate"; export default defineConfig({ via: "x" });`,
  );
  assert.deepEqual(await valueOf(path), { via: "x" });
});

test("a module that is not there is the system's error", () => {
  assert.throws(() => moduleUrl(join(folder, "absent.ts")), { code: "ENOENT" });
});
