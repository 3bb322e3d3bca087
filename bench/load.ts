/** What the harness asks of wrk. One file per load lies in `bench/loads/`. */

export interface Load {
  readonly name: string;
  /** One line for the report. */
  readonly title: string;
  readonly connections: number;
  /** Path of the origin to ask for; a script may change it. */
  readonly path: string;
  /** Lua for wrk: may set `wrk.method`, `wrk.body`, `wrk.headers` or define `init` and `request`. */
  readonly script: string;
  /** What the proxy is to speak with its clients; `http` unless given. `tcp` relays connections unread. */
  readonly protocol?: LoadProtocol;
  /** Handshakes instead of requests, by `openssl s_time`: each connection a full one, or a resumed one. */
  readonly handshakes?: "full" | "resumed";
  /** Whom the others are compared with; the catalogue's yardstick unless given. */
  readonly yardstick?: string;
}

export type LoadProtocol = "http" | "https" | "tcp";
