/** Notices changes of files through their folders, and tells one state of a file from another. */
import { statSync, watch } from "node:fs";

/** Calls back on any change in the folders; folders that cannot be watched are left out. Ends with the returned function. */
export function watchFolders(folders: readonly string[], onChange: () => void): () => void {
  const watchers = folders.flatMap((folder) => {
    try {
      // Not the file itself: editors and deployments replace it by renaming another over it.
      const watcher = watch(folder, { persistent: false }, onChange);
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}

/** Differs when the file was written or replaced, also behind a symbolic link; "" when there is none. */
export function fileSignature(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino}:${mtimeMs}:${size}`;
  } catch {
    return "";
  }
}
