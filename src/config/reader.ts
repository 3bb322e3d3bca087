/** How this folder reaches the world: a small interface, so that tests and tools can pass a made-up one. */

export interface ConfigReader {
  /** The text of a file. Rejects with an error that has a `code` such as ENOENT. */
  readText(path: string): Promise<string>;
  /** Names of the files directly in a folder. Rejects as `readText` does. */
  list(folder: string): Promise<readonly string[]>;
  /** The module's exports; each call sees the file as it is now. */
  importModule(path: string): Promise<unknown>;
  /** Files that a module imports, as far as they are known; also after its import has failed. */
  filesBehindModule(path: string): readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}
