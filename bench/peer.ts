/** What the harness needs to know of a proxy to measure it. One file per proxy lies in `bench/peers/`. */

export interface PeerSetup {
  /** Where the proxy must listen, on 127.0.0.1. */
  readonly port: number;
  /** Where the origin listens, on 127.0.0.1. */
  readonly originPort: number;
  /** An empty folder for configuration files; removed afterwards. */
  readonly workFolder: string;
}

export interface Peer {
  readonly name: string;
  /** The installed version, or null when the proxy is not on this machine. */
  findVersion(): string | null;
  /** What to type to get it. */
  readonly install: string;
  /** Writes what configuration it needs and returns the command line, which must stay in the foreground. */
  prepare(setup: PeerSetup): readonly string[];
}
