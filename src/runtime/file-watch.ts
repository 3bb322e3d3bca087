/**
 * Watches configuration files and says when they have come to rest in a new state. Folders tell at
 * once on most systems; a slow look at the files themselves covers network file systems, where they do
 * not, and links that are switched elsewhere.
 */
import type { Clock, Timer } from "../core/clock.ts";

export interface FileWatchParts {
  readonly clock: Clock;
  watchFolders(folders: readonly string[], onChange: () => void): () => void;
  fileSignature(path: string): string;
  onChanged(): void;
}

/** Files are written in several steps; this long without another change counts as done. */
const restMs = 200;
const lookEveryMs = 5000;

export class FileWatch {
  readonly #parts: FileWatchParts;
  #files: readonly string[] = [];
  #seen = new Map<string, string>();
  #restTimer: Timer | null = null;
  #lookTimer: Timer | null = null;
  #unwatch: () => void = () => {};

  constructor(parts: FileWatchParts) {
    this.#parts = parts;
  }

  /** Watches exactly these files from now on; the present state of those that are new is taken as known. */
  watch(files: readonly string[]): void {
    const isSame =
      files.length === this.#files.length && files.every((file, index) => file === this.#files[index]);
    if (isSame) return;
    const now = this.#signatures(files);
    this.#seen = new Map(files.map((file) => [file, this.#seen.get(file) ?? now.get(file) ?? ""]));
    this.#files = files;
    this.#unwatch();
    const folders = [...new Set(files.map(folderOf))];
    this.#unwatch = this.#parts.watchFolders(folders, () => this.#stirred());
    this.#lookLater();
  }

  /** The files are about to be read: what they are now will be known. */
  onRead(): void {
    this.#seen = this.#signatures(this.#files);
  }

  close(): void {
    this.#unwatch();
    this.#restTimer?.cancel();
    this.#lookTimer?.cancel();
  }

  #stirred(): void {
    this.#restTimer?.cancel();
    this.#restTimer = this.#parts.clock.setTimer(restMs, () => this.#look());
  }

  #look(): void {
    if (this.#isAsSeen()) return;
    this.onRead();
    this.#parts.onChanged();
  }

  #lookLater(): void {
    this.#lookTimer?.cancel();
    this.#lookTimer = this.#parts.clock.setTimer(lookEveryMs, () => {
      // One that has just changed may still be being written.
      if (!this.#isAsSeen()) this.#stirred();
      this.#lookLater();
    });
  }

  #isAsSeen(): boolean {
    const now = this.#signatures(this.#files);
    return this.#files.every((file) => now.get(file) === this.#seen.get(file));
  }

  #signatures(files: readonly string[]): Map<string, string> {
    return new Map(files.map((file) => [file, this.#parts.fileSignature(file)]));
  }
}

function folderOf(file: string): string {
  const end = file.lastIndexOf("/");
  return end < 0 ? "." : file.slice(0, Math.max(1, end));
}
