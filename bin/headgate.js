#!/usr/bin/env node
/*
 * The `headgate` command. Plain JavaScript, so that any Node can at least read it: it refuses a Node
 * that is too old with a sentence, and otherwise hands over to the real program, which is TypeScript
 * in a checkout and compiled JavaScript in the published package.
 */
import { existsSync } from "fs";

const needed = [24, 12];
const found = process.versions.node.split(".").map(Number);
const isTooOld = found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1]);

if (isTooOld) {
  console.error(
    "headgate needs Node.js " +
      needed.join(".") +
      " or newer; this is Node.js " +
      process.versions.node +
      ".",
  );
  console.error(
    "Install a newer Node.js (https://nodejs.org). In a checkout, `npx headgate` uses the pinned one.",
  );
  process.exitCode = 1;
} else {
  const source = new URL("../src/cli/main.ts", import.meta.url);
  const built = new URL("../dist/cli/main.js", import.meta.url);
  // Starting again takes half the time when Node keeps what it compiled (in the system's temporary folder).
  void import("node:module").then(({ enableCompileCache }) => {
    enableCompileCache();
    return import((existsSync(source) ? source : built).href);
  });
}
