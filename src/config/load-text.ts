/** Loads a configuration that came as text, in a request: it may name variables, but include no files. */
import { loadConfigFile, type LoadResult } from "./load.ts";
import type { ConfigReader } from "./reader.ts";

/** What issues call the text. */
const name = "request.yaml";

export function loadConfigText(text: string, environment: ConfigReader["environment"]): Promise<LoadResult> {
  const refuse = (): Promise<never> =>
    Promise.reject(new Error("a configuration in a request may include no files"));
  return loadConfigFile(name, {
    readText: (path) => (path === name ? Promise.resolve(text) : refuse()),
    list: refuse,
    importModule: refuse,
    filesBehindModule: () => [],
    environment,
  });
}
