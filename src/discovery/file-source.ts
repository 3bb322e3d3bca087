/**
 * Endpoints from a file, read again whenever it has changed. A file that cannot be read or is wrong is a
 * failure until it changes again.
 */
import { readEndpointList } from "../config/endpoint-list.ts";
import type { SourceConfigOf } from "../config/schema-source.ts";
import type { EndpointSource, SourceListener } from "./endpoint-source.ts";

export interface FileSourceParts {
  /** Throws the system's error, also `EFBIG` for a file of more bytes than that and `EINVAL` for a pipe. */
  readTextFile(path: string, bytesMax: number): string;
  /** Calls back when the file was written or replaced and has come to rest; the result ends that. */
  watchFile(path: string, onChanged: () => void): () => void;
}

export class FileSource implements EndpointSource {
  readonly #config: SourceConfigOf<"file">;
  readonly #parts: FileSourceParts;
  #listener: SourceListener | null = null;
  #unwatch: () => void = () => {};

  constructor(config: SourceConfigOf<"file">, parts: FileSourceParts) {
    this.#config = config;
    this.#parts = parts;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    // Watched before it is read, so that no change falls in between.
    this.#unwatch = this.#parts.watchFile(this.#config.path, () => this.#read());
    queueMicrotask(() => this.#read());
  }

  close(): void {
    this.#listener = null;
    this.#unwatch();
  }

  #read(): void {
    const listener = this.#listener;
    if (listener === null) return;
    const { path, bytesMax, endpointsMax } = this.#config;
    try {
      const result = readEndpointList(this.#parts.readTextFile(path, bytesMax), endpointsMax);
      if ("problem" in result) listener.failed(`${path}: ${result.problem}`);
      else listener.found(result.endpoints);
    } catch (error) {
      listener.failed(`${path}: ${reasonOf(error, bytesMax)}`);
    }
  }
}

function reasonOf(error: unknown, bytesMax: number): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "the file may not be read by this user";
    case "EINVAL":
      return "it is no ordinary file";
    case "EFBIG":
      return `it is larger than bytesMax (${bytesMax} bytes)`;
    default:
      return code === "" ? String(error) : code;
  }
}
