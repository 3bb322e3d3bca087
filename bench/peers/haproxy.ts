/** HAProxy with one thread and connections to the origin shared among clients. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer, PeerFront } from "../peer.ts";
import { firstLineOf } from "../support/processes.ts";

export const haproxy: Peer = {
  name: "haproxy",
  install: "apt-get install haproxy",
  protocols: ["http", "https", "h2", "h2c", "tcp"],
  findVersion: () => /version (\S+)/.exec(firstLineOf("haproxy", "-v") ?? "")?.[1] ?? null,
  prepare({ port, originPort, workFolder, front }) {
    const file = join(workFolder, "haproxy.cfg");
    const pair = join(workFolder, "site.pem");
    if (front !== undefined && "certificate" in front)
      writeFileSync(pair, readFileSync(front.certificate, "utf8") + readFileSync(front.key, "utf8"));
    const mode =
      front?.protocol === "tcp" ? "mode tcp" : "mode http\n  option forwardfor\n  http-reuse always";
    writeFileSync(
      file,
      `
global
  nbthread 1
  maxconn 8000
defaults
  ${mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend entry
  bind 127.0.0.1:${port} backlog 4096 ${bindWords(front, pair)}
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort} pool-max-conn 1024
`,
    );
    return ["haproxy", "-db", "-f", file];
  },
};

function bindWords(front: PeerFront | undefined, pair: string): string {
  switch (front?.protocol) {
    case "https":
      return `ssl crt ${pair}`;
    case "h2":
      return `ssl crt ${pair} alpn h2,http/1.1`;
    case "h2c":
      return "proto h2";
    default:
      return "";
  }
}
