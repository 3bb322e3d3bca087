/** What the peers that are npm packages share: they live in `bench/peers/` with their own lock file. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Peer } from "../peer.ts";

/** A peer whose server is the file `NAME.server.js` beside this one. */
export function nodePackagePeer(name: string): Peer {
  const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
  const server = fileURLToPath(new URL(`${name}.server.js`, import.meta.url));
  return {
    name,
    install: "npm ci --prefix bench/peers",
    protocols: ["http"],
    findVersion() {
      if (!existsSync(manifest)) return null;
      const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
      return `${version} on Node ${process.versions.node}`;
    },
    prepare: ({ port, originPort }) => [process.execPath, server, String(port), String(originPort)],
  };
}
