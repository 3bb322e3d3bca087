/**
 * Which pool takes a TLS client, by what it asks for: an exact name before a wildcard, a longer wildcard
 * before a shorter, a name before none; between equals a route that asks for ALPN, then the earlier one.
 */
import type { ClientHello } from "./client-hello.ts";

export interface StreamRoute {
  /** In small letters, `*.` in front for all names below; none for every client. */
  readonly serverNames: readonly string[];
  /** None asks for nothing. */
  readonly alpn: readonly string[];
  readonly pool: string;
}

export class StreamRoutes {
  /** By name; "" for routes without one. */
  readonly #byName = new Map<string, StreamRoute[]>();

  constructor(routes: readonly StreamRoute[]) {
    for (const route of routes)
      for (const name of route.serverNames.length === 0 ? [""] : route.serverNames)
        this.#byName.set(name, [...(this.#byName.get(name) ?? []), route]);
  }

  /** The pool's name; null when no route takes the client. */
  find({ serverName, alpn }: ClientHello): string | null {
    if (serverName !== null) {
      const pool = this.#poolAt(serverName, alpn);
      if (pool !== null) return pool;
      for (let dot = serverName.indexOf("."); dot !== -1; dot = serverName.indexOf(".", dot + 1)) {
        const below = this.#poolAt(`*${serverName.slice(dot)}`, alpn);
        if (below !== null) return below;
      }
    }
    return this.#poolAt("", alpn);
  }

  #poolAt(name: string, offered: readonly string[]): string | null {
    const routes = this.#byName.get(name) ?? [];
    const choosy = routes.find((route) => route.alpn.some((protocol) => offered.includes(protocol)));
    return (choosy ?? routes.find((route) => route.alpn.length === 0))?.pool ?? null;
  }
}
