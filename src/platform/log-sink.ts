/**
 * Where lines of an access log end up: a file, standard output, a syslog daemon over UDP. Writes whole
 * lines only, one call at a time, and never makes the calling thread wait. Keeping lines meanwhile, and
 * dropping them, is the caller's.
 *
 * Several workers may write to one file or pipe: files are opened for appending, and a pipe gets at most
 * PIPE_BUF octets a call, which POSIX promises not to mix with others'.
 */
import { createSocket, type Socket } from "node:dgram";
import { close, constants, fstat, open, openSync, write } from "node:fs";

/** `done` is called once, never before `write` returns; until then nothing more may be written. */
export interface WholeLineSink {
  /** Whole lines in UTF-8. The memory is the sink's until `done`. */
  write(lines: Buffer, done: (error: Error | null) => void): void;
  reopen(): void;
  close(): void;
}

const pipeBytesMax = 4096;
/** How long a full pipe is left alone. */
const retryDelayMs = 20;
/** Longer messages are cut: receivers must take 2,048 octets, should take 8,192 (RFC 5425 §4.3.1). */
const messageBytesMax = 8192;
const none = Buffer.alloc(0);

const appendFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Appends to the file, made if need be (mode 0640); `reopen` follows a rotation. Named pipes work too. */
export function fileLineSink(path: string): WholeLineSink {
  return new DescriptorSink({
    open: (done) => open(path, appendFlags, 0o640, done),
    isOwned: true,
  });
}

/** Standard output, or any open descriptor. */
export function stdoutLineSink(fd = 1): WholeLineSink {
  const own = nonBlockingTwin(fd);
  return new DescriptorSink({ open: (done) => done(null, own ?? fd), isOwned: false });
}

/** One datagram per line (RFC 5426). */
export function udpLineSink(host: string, port: number): WholeLineSink {
  return new DatagramSink(host, port);
}

/**
 * The same pipe, file or terminal opened once more so that writes do not block; a full pipe would
 * otherwise hold one of the few threads all file access shares. Null where that cannot be had.
 */
function nonBlockingTwin(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

interface Opening {
  open(done: (error: Error | null, fd: number) => void): void;
  /** May be closed and opened again. */
  readonly isOwned: boolean;
}

class DescriptorSink implements WholeLineSink {
  readonly #opening: Opening;
  #fd: number | null = null;
  #isPipe = false;
  #isReopenWanted = false;
  #octets: Buffer = none;
  #at = 0;
  #done: (error: Error | null) => void = () => {};
  readonly #onWritten = (error: NodeJS.ErrnoException | null, count: number): void =>
    this.#written(error, count);

  constructor(opening: Opening) {
    this.#opening = opening;
  }

  write(lines: Buffer, done: (error: Error | null) => void): void {
    this.#octets = lines;
    this.#at = 0;
    this.#done = done;
    if (this.#isReopenWanted) this.#release();
    if (this.#fd === null) this.#open();
    else this.#writeRest(this.#fd);
  }

  reopen(): void {
    this.#isReopenWanted = this.#opening.isOwned;
  }

  close(): void {
    this.#release();
  }

  #open(): void {
    this.#opening.open((error, fd) => {
      if (error !== null) {
        this.#finish(error);
        return;
      }
      fstat(fd, (_, stats) => {
        this.#isPipe = stats?.isFIFO() ?? false;
        this.#fd = fd;
        this.#writeRest(fd);
      });
    });
  }

  #writeRest(fd: number): void {
    const end = this.#isPipe ? endOfLines(this.#octets, this.#at) : this.#octets.length;
    write(fd, this.#octets, this.#at, end - this.#at, null, this.#onWritten);
  }

  #written(error: NodeJS.ErrnoException | null, count: number): void {
    const fd = this.#fd;
    if (fd === null) {
      this.#finish(error ?? new Error("closed while writing"));
    } else if (error?.code === "EAGAIN") {
      setTimeout(() => this.#written(null, 0), retryDelayMs);
    } else if (error !== null) {
      // Whatever it was, a file opened afresh has the best prospects.
      this.#release();
      this.#finish(error);
    } else {
      this.#at += count;
      if (this.#at < this.#octets.length) this.#writeRest(fd);
      else this.#finish(null);
    }
  }

  #finish(error: Error | null): void {
    const done = this.#done;
    this.#octets = none;
    this.#done = () => {};
    done(error);
  }

  #release(): void {
    this.#isReopenWanted = false;
    if (this.#fd !== null && this.#opening.isOwned) close(this.#fd, () => {});
    this.#fd = null;
  }
}

/** Where the whole lines end that one write to a pipe may hold; a longer line is cut. */
function endOfLines(octets: Buffer, from: number): number {
  if (octets.length - from <= pipeBytesMax) return octets.length;
  const end = octets.lastIndexOf(0x0a, from + pipeBytesMax - 1) + 1;
  return end > from ? end : from + pipeBytesMax;
}

/** The lines without their ends, empty ones left out. Views of the same memory. */
export function linesOf(octets: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < octets.length;) {
    const feed = octets.indexOf(0x0a, start);
    const end = feed < 0 ? octets.length : feed;
    if (end > start) lines.push(octets.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

class DatagramSink implements WholeLineSink {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | null = null;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  write(lines: Buffer, done: (error: Error | null) => void): void {
    if (this.#socket !== null) this.#send(this.#socket, lines, done);
    else this.#connect(lines, done);
  }

  #connect(lines: Buffer, done: (error: Error | null) => void): void {
    const socket = createSocket(this.#host.includes(":") ? "udp6" : "udp4");
    const fail = (error: Error): void => {
      this.#release(socket);
      done(error);
    };
    socket.once("error", fail);
    socket.connect(this.#port, this.#host, (error?: Error | null) => {
      socket.off("error", fail);
      // A name that is not known comes here, not as an event.
      if (error !== undefined && error !== null) {
        fail(error);
        return;
      }
      // A receiver that is not there answers with ICMP; the next datagrams may find it again.
      socket.on("error", () => {});
      socket.unref();
      this.#socket = socket;
      this.#send(socket, lines, done);
    });
  }

  #send(socket: Socket, lines: Buffer, done: (error: Error | null) => void): void {
    const messages = linesOf(lines);
    let awaited = messages.length;
    let firstError: Error | null = null;
    if (awaited === 0) setImmediate(done, null);
    for (const message of messages) {
      socket.send(message.subarray(0, messageBytesMax), (error) => {
        firstError ??= error;
        if (--awaited === 0) done(firstError);
      });
    }
  }

  reopen(): void {}

  close(): void {
    if (this.#socket !== null) this.#release(this.#socket);
  }

  #release(socket: Socket): void {
    this.#socket = null;
    socket.on("error", () => {});
    socket.close();
  }
}
