/** Headgate itself, as a user starts it, with one worker. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Peer } from "../peer.ts";

const program = fileURLToPath(new URL("../../bin/headgate.js", import.meta.url));

export const headgate: Peer = {
  name: "headgate",
  install: "it is this repository; its command line lies in src/cli/main.ts",
  findVersion() {
    if (!existsSync(new URL("../../src/cli/main.ts", import.meta.url))) return null;
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const { version } = JSON.parse(manifest) as { version: string };
    return `${version} on Node ${process.versions.node}`;
  },
  prepare: ({ port, originPort }) => [
    process.execPath,
    program,
    "--backends",
    `http://127.0.0.1:${originPort}`,
    "--port",
    String(port),
    "--workers",
    "1",
  ],
};
