/**
 * Syslog over a stream: TCP, each message led by its length (octet counting, RFC 6587 §3.4.1), or a unix
 * stream socket, each message ended by a line feed. The connection is made when there is something to send,
 * and made again after it broke. Nothing is kept here: what a broken connection had taken is lost, as with
 * every syslog over TCP.
 *
 * Datagram sockets of the file system, which `/dev/log` usually is, are beyond Node's own modules.
 */
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { linesOf, type WholeLineSink } from "./log-sink.ts";

/** A receiver that takes nothing for so long is given up. */
const timeoutMs = 10_000;

export function tcpSyslogSink(host: string, port: number): WholeLineSink {
  return new StreamSink({ host, port }, octetCounted);
}

export function unixSyslogSink(path: string): WholeLineSink {
  return new StreamSink({ path }, (lines) => lines);
}

/** Each line as its length in octets, a space and the line without its end. */
function octetCounted(lines: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (const line of linesOf(lines)) pieces.push(Buffer.from(`${line.length} `), line);
  return Buffer.concat(pieces);
}

class StreamSink implements WholeLineSink {
  readonly #target: NetConnectOpts;
  readonly #frame: (lines: Buffer) => Buffer;
  #socket: Socket | null = null;
  #done: ((error: Error | null) => void) | null = null;

  constructor(target: NetConnectOpts, frame: (lines: Buffer) => Buffer) {
    this.#target = target;
    this.#frame = frame;
  }

  write(lines: Buffer, done: (error: Error | null) => void): void {
    this.#done = done;
    const socket = this.#socket ?? this.#connect();
    socket.setTimeout(timeoutMs);
    socket.write(this.#frame(lines), (error) => {
      socket.setTimeout(0);
      // An error is told with the reason when the socket closes.
      if (error === null || error === undefined) this.#finish(null);
    });
  }

  reopen(): void {}

  close(): void {
    this.#socket?.end();
    this.#socket?.unref();
    this.#socket = null;
  }

  #connect(): Socket {
    const socket = connect(this.#target);
    let reason = new Error("the syslog receiver closed the connection");
    this.#socket = socket;
    socket.unref();
    socket.on("timeout", () => socket.destroy(new Error("the syslog receiver takes nothing")));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      reason = error.code === "EPROTOTYPE" ? new Error("the socket takes datagrams, not a stream") : error;
    });
    // Receivers say nothing; reading is how an end is noticed.
    socket.resume();
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = null;
      this.#finish(reason);
    });
    return socket;
  }

  #finish(error: Error | null): void {
    const done = this.#done;
    this.#done = null;
    done?.(error);
  }
}
