/** All loads and all peers, in the order in which they are run and printed. The first peer is the yardstick. */
import { browser } from "./loads/browser.ts";
import { h2100k } from "./loads/h2-100k.ts";
import { h2Browser } from "./loads/h2-browser.ts";
import { h2Tiny } from "./loads/h2-tiny.ts";
import { h2cTiny } from "./loads/h2c-tiny.ts";
import { connections1000 } from "./loads/connections-1000.ts";
import { download100k } from "./loads/download-100k.ts";
import { download1m } from "./loads/download-1m.ts";
import { newConnection } from "./loads/new-connection.ts";
import { tlsTiny } from "./loads/tls-tiny.ts";
import { tls100k } from "./loads/tls-100k.ts";
import { tlsFull } from "./loads/tls-full.ts";
import { tlsResumed } from "./loads/tls-resumed.ts";
import { tcpTiny } from "./loads/tcp-tiny.ts";
import { tcp100k } from "./loads/tcp-100k.ts";
import { tcpConnections } from "./loads/tcp-connections.ts";
import { tiny } from "./loads/tiny.ts";
import { upload100k } from "./loads/upload-100k.ts";
import type { Load } from "./load.ts";
import type { Peer } from "./peer.ts";
import { caddy } from "./peers/caddy.ts";
import { fastProxy } from "./peers/fast-proxy.ts";
import { haproxy } from "./peers/haproxy.ts";
import { headgate } from "./peers/headgate.ts";
import { httpProxy3 } from "./peers/http-proxy-3.ts";
import { nginx } from "./peers/nginx.ts";

export const allLoads: readonly Load[] = [
  tiny,
  browser,
  download100k,
  download1m,
  upload100k,
  connections1000,
  newConnection,
  tlsTiny,
  tls100k,
  tlsFull,
  tlsResumed,
  h2Tiny,
  h2cTiny,
  h2Browser,
  h2100k,
  tcpTiny,
  tcp100k,
  tcpConnections,
];

export const allPeers: readonly Peer[] = [nginx, headgate, haproxy, caddy, fastProxy, httpProxy3];

export const yardstick = nginx.name;

/** The entries named in a comma-separated list, in the list's order. Throws on a name nobody has. */
export function selectNamed<T extends { readonly name: string }>(all: readonly T[], names: string): T[] {
  return names.split(",").map((name) => {
    const found = all.find((entry) => entry.name === name);
    if (found === undefined) throw new Error(`no "${name}"; there are ${all.map((e) => e.name).join(", ")}`);
    return found;
  });
}
