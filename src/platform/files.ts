/** Reading and replacing small files: configuration, certificates. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";

const chunkBytes = 64 * 1024;

/** Throws the system's error. */
export function readTextFile(path: string): string {
  return readFileSync(path, "utf8");
}

/**
 * The same for an ordinary file of at most `bytesMax` bytes. A larger one throws `EFBIG`, however large it
 * is, and what is no file (a pipe would make us wait) throws `EINVAL`.
 */
export function readBoundedTextFile(path: string, bytesMax: number): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) throw systemError("EINVAL", "it is no ordinary file");
    const chunks: Buffer[] = [];
    let left = bytesMax;
    for (;;) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, left + 1));
      const read = readSync(file, chunk, 0, chunk.length, null);
      if (read === 0) return Buffer.concat(chunks).toString("utf8");
      left -= read;
      if (left < 0) throw systemError("EFBIG", "the file is too large");
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/**
 * Replaces a file whole or not at all, also over a crash; its permissions stay. Through a symbolic link
 * it replaces what the link leads to. Throws the system's error.
 */
export function writeTextFile(path: string, text: string): void {
  const real = realpathSync(path);
  const draft = `${real}.${process.pid}.new`;
  const file = openSync(draft, "w", statSync(real).mode & 0o777);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, real);
}
