/**
 * Syslog over a stream: TLS (RFC 5425) and TCP (RFC 6587 §3.4.1), each message led by its length in octets, or
 * a unix stream socket, each message ended by a line feed. Over TLS the receiver's certificate is verified.
 * The connection is made when there is something to send, and made again after it broke. Nothing is kept here:
 * what a broken connection had taken is lost, as with every syslog over TCP. Datagram sockets of the file
 * system, which `/dev/log` usually is, are beyond Node's own modules.
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { linesOf, type WholeLineSink } from "./log-sink.ts";

/** A receiver that takes nothing for so long is given up. */
const timeoutMs = 10_000;

export function tcpSyslogSink(host: string, port: number): WholeLineSink {
  return new StreamSink(() => connect({ host, port }), octetCounted);
}

/** `caPem`: the authorities to trust instead of the system's; null for the system's. */
export function tlsSyslogSink(host: string, port: number, caPem: string | null): WholeLineSink {
  // An address is looked for in the certificate, too, but may not be asked for by SNI (RFC 6066 §3).
  const name = isIP(host) === 0 ? { servername: host } : {};
  const trust = caPem === null ? {} : { ca: caPem };
  return new StreamSink(
    () => connectTls({ host, port, ...name, ...trust, minVersion: "TLSv1.2", rejectUnauthorized: true }),
    octetCounted,
  );
}

export function unixSyslogSink(path: string): WholeLineSink {
  return new StreamSink(
    () => connect({ path }),
    (lines) => lines,
  );
}

/** Each line as its length in octets, a space and the line without its end. */
function octetCounted(lines: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (const line of linesOf(lines)) pieces.push(Buffer.from(`${line.length} `), line);
  return Buffer.concat(pieces);
}

class StreamSink implements WholeLineSink {
  readonly #dial: () => Socket;
  readonly #frame: (lines: Buffer) => Buffer;
  #socket: Socket | null = null;
  #done: ((error: Error | null) => void) | null = null;

  constructor(dial: () => Socket, frame: (lines: Buffer) => Buffer) {
    this.#dial = dial;
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
    const socket = this.#dial();
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
