/** Headgate itself, as a user starts it, with one worker. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Peer, PeerFront, PeerSetup } from "../peer.ts";

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
  protocols: ["http", "https", "h2", "h2c", "tcp"],
  prepare(setup) {
    const { front, port, originPort } = setup;
    if (front !== undefined) return [process.execPath, program, "run", configFile(front, setup)];
    const backend = `http://127.0.0.1:${originPort}`;
    return [process.execPath, program, "--backends", backend, "--port", String(port), "--workers", "1"];
  },
};

function configFile(front: PeerFront, { port, originPort, workFolder }: PeerSetup): string {
  const file = join(workFolder, "headgate.yaml");
  const isRelay = front.protocol === "tcp";
  let listener = isRelay ? ", protocol: tcp, pool: app" : "";
  if ("certificate" in front)
    listener = `, tls: { certificates: { certificate: ${front.certificate}, key: ${front.key} } }`;
  writeFileSync(
    file,
    `workers: 1
listeners: [{ address: "127.0.0.1:${port}"${listener} }]
pools: { app: { endpoints: ["${isRelay ? "tcp" : "http"}://127.0.0.1:${originPort}"] } }
`,
  );
  return file;
}
