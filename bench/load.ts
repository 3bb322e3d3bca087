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
}
