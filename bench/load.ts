/** What the harness asks of wrk, or of h2load where HTTP/2 is spoken. One file per load lies in `bench/loads/`. */

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
  /** For `h2` and `h2c`, by h2load; path and script are not read then. */
  readonly http2?: Http2Load;
  /** Whom the others are compared with; the catalogue's yardstick unless given. */
  readonly yardstick?: string;
}

/** Requests of HTTP/2, a fixed number of them. */
export interface Http2Load {
  /** At once on each connection. */
  readonly streams: number;
  /** For every second that a round is to last, this many are sent, however long they take. */
  readonly requestsPerSecond: number;
  /** `name: value`. */
  readonly headers: readonly string[];
  /** Asked for in turn. */
  readonly paths: readonly string[];
}

/** `h2` is HTTP/2 over TLS, `h2c` without, known beforehand. */
export type LoadProtocol = "http" | "https" | "h2" | "h2c" | "tcp";
