/** A ConfigReader over texts in memory. It imports no modules unless it is given some. */
import { dirname, basename } from "node:path";
import type { ConfigReader } from "../../src/config/reader.ts";

export function memoryReader(
  files: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string>> = {},
  modules: ReadonlyMap<string, unknown> = new Map(),
): ConfigReader {
  const absent = (): Error => Object.assign(new Error("no such file"), { code: "ENOENT" });
  return {
    environment,
    readText: async (path) => {
      const text = files.get(path);
      if (text === undefined) throw absent();
      return text;
    },
    list: async (folder) =>
      [...files.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path)),
    importModule: async (path) => {
      if (!modules.has(path)) throw absent();
      return modules.get(path);
    },
    filesBehindModule: () => [],
  };
}
