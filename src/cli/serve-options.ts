/** What `serve` is asked to run. */
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { ConfigSource } from "../runtime/reloader.ts";

export interface ServeOptions {
  readonly config: Config;
  /** Where the configuration came from and can be read again; null for flags. */
  readonly file: { readonly source: ConfigSource; readonly loaded: LoadedConfig } | null;
  /** Ends the sentence about a busy port: `choose another with --port`. */
  readonly remedy: string;
  /** Reload when the file changes. */
  readonly isWatched: boolean;
  readonly pidFile: string | null;
}
