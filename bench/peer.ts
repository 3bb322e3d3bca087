/** What the harness needs to know of a proxy to measure it. One file per proxy lies in `bench/peers/`. */
import type { LoadProtocol } from "./load.ts";

export interface PeerSetup {
  /** Where the proxy must listen, on 127.0.0.1. */
  readonly port: number;
  /** Where the origin listens, on 127.0.0.1. */
  readonly originPort: number;
  /** An empty folder for configuration files; removed afterwards. */
  readonly workFolder: string;
  /** What to speak with clients; HTTP in the clear unless given. */
  readonly front?: PeerFront;
}

/**
 * `https` and `h2` come with PEM files of an ECDSA certificate for localhost; `h2c` is HTTP/2 without TLS, known
 * beforehand; `tcp` relays connections unread.
 */
export type PeerFront =
  | { readonly protocol: "https" | "h2"; readonly certificate: string; readonly key: string }
  | { readonly protocol: "h2c" | "tcp" };

export interface Peer {
  readonly name: string;
  /** The installed version, or null when the proxy is not on this machine. */
  findVersion(): string | null;
  /** What to type to get it. */
  readonly install: string;
  /** Loads of other protocols are left out. */
  readonly protocols: readonly LoadProtocol[];
  /** Writes what configuration it needs and returns the command line, which must stay in the foreground. */
  prepare(setup: PeerSetup): readonly string[];
}
