/** A folder of keys and certificates, readable by its owner only. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { PrivateStore } from "../core/acme.ts";
import { readPrivateFile, writePrivateFile } from "./private-files.ts";

export function createPrivateStore(folder: string, name: string): PrivateStore {
  const path = join(folder, name);
  return {
    folder: path,
    read: (file) => readPrivateFile(join(path, file)),
    write: (file, text) => writePrivateFile(path, file, text),
    remove: (file) => rmSync(join(path, file), { force: true }),
    list: (prefix) => {
      try {
        return readdirSync(path).filter((file) => file.startsWith(prefix));
      } catch {
        return [];
      }
    },
  };
}
