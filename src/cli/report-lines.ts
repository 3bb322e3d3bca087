/** Lines of a log, one at a time in bounded memory: from a file, a compressed file, or standard input. */
import { createReadStream, openSync, readSync, fstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "./failure.ts";

export interface ReportSource {
  readonly name: string;
  /** Null when nobody knows. */
  readonly bytes: number | null;
  readonly isCompressed: boolean;
  readonly stream: Readable;
}

const chunkBytes = 1024 * 1024;
/** A longer line is no line of an access log. */
const lineBytesMax = 1024 * 1024;
const lineFeed = 0x0a;

/** `-` is standard input. Throws a UserError when there is nothing to read. */
export function openReportSource(path: string): ReportSource {
  if (path === "-") return { name: path, bytes: null, isCompressed: false, stream: process.stdin };
  try {
    const fd = openSync(path, "r");
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw new Error("it is a folder");
    const isCompressed = stats.isFile() ? isGzip(fd) : path.endsWith(".gz");
    const stream = stats.isFile()
      ? createReadStream(path, { fd, start: 0, highWaterMark: chunkBytes })
      : createReadStream(path, { fd, highWaterMark: chunkBytes });
    return { name: path, bytes: stats.isFile() ? stats.size : null, isCompressed, stream };
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** By its first two octets (RFC 1952 §2.3.1), whatever its name. */
function isGzip(fd: number): boolean {
  const magic = Buffer.alloc(2);
  return readSync(fd, magic, 0, 2, 0) === 2 && magic.readUInt16BE() === 0x1f8b;
}

/** Calls `onLine` for each line that is not empty, with null for one that is too long; `onBytes` as the file is read. */
export async function readLines(
  source: ReportSource,
  onLine: (line: string | null) => void,
  onBytes: (octets: number) => void,
): Promise<void> {
  const splitter = new LineSplitter(onLine);
  try {
    for await (const chunk of octetsOf(source, onBytes)) splitter.write(chunk);
  } catch (error) {
    throw new UserError(
      `${source.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  splitter.end();
}

async function* octetsOf(
  { stream, isCompressed }: ReportSource,
  onBytes: (octets: number) => void,
): AsyncGenerator<Buffer> {
  const unpacked = isCompressed ? createGunzip({ chunkSize: 256 * 1024 }) : null;
  if (unpacked !== null) {
    stream.on("data", (chunk: Buffer) => onBytes(chunk.length));
    stream.on("error", (error) => unpacked.destroy(error));
  }
  const octets: AsyncIterable<Buffer> = unpacked === null ? stream : stream.pipe(unpacked);
  for await (const chunk of octets) {
    if (unpacked === null) onBytes(chunk.length);
    yield chunk;
  }
}

/** Cuts chunks into lines. */
class LineSplitter {
  readonly #onLine: (line: string | null) => void;
  /** The beginning of a line whose end has not come. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #isTooLong = false;

  constructor(onLine: (line: string | null) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      if (this.#restBytes > 0 || this.#isTooLong) {
        this.#keep(chunk.subarray(from, end));
        this.#tellRest();
      } else this.#tell(chunk, from, end);
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(Buffer.from(chunk.subarray(from)));
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.#restBytes > 0 || this.#isTooLong) this.#tellRest();
  }

  #keep(part: Buffer): void {
    if (this.#restBytes + part.length > lineBytesMax) {
      this.#isTooLong = true;
      this.#rest = [];
      this.#restBytes = 0;
    }
    if (this.#isTooLong) return;
    this.#rest.push(part);
    this.#restBytes += part.length;
  }

  #tellRest(): void {
    const line = Buffer.concat(this.#rest);
    const isTooLong = this.#isTooLong;
    this.#rest = [];
    this.#restBytes = 0;
    this.#isTooLong = false;
    if (isTooLong) this.#onLine(null);
    else this.#tell(line, 0, line.length);
  }

  #tell(octets: Buffer, from: number, end: number): void {
    const last = end > from && octets[end - 1] === 0x0d ? end - 1 : end;
    if (last > from) this.#onLine(octets.toString("utf8", from, last));
  }
}
