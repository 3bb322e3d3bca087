/*
 * Runs after an install in a checkout: builds the dashboard, so that a program started from it has one.
 * Plain JavaScript that never fails: without development dependencies or on an old Node there is nothing
 * to build with, and `npm start` builds what is missing anyway.
 */
import { spawnSync } from "child_process";
import { existsSync } from "fs";
import { fileURLToPath } from "url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canRun = major > 24 || (major === 24 && minor >= 12);

if (canRun && existsSync(`${root}node_modules/vite`)) {
  const { status } = spawnSync(process.execPath, ["scripts/build-dashboard.ts", "--if-stale"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) console.error("The dashboard was not built; everything else works without it.");
}
