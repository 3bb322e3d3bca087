/**
 * Asks DNS servers for records with their TTL, SRV included, which Node's resolver gives without. One
 * question, one answer: it keeps no cache, follows no search domains and reads no hosts file.
 */
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { getServers } from "node:dns";
import { connect } from "node:net";
import {
  type DnsAnswer,
  type DnsClient,
  type DnsQuestion,
  type DnsServer,
  formatDnsServer,
  parseDnsServer,
} from "../core/dns.ts";
import { type DnsReply, readReply, writeQuestion } from "./dns-message.ts";

/** A datagram may be lost; each server is asked so often. */
const rounds = 2;
/** No server is given less than this. */
const tryMsMin = 100;

const noSuchName = 3;
/** RFC 1035 §4.1.1. */
const codeNames: Readonly<Record<number, string>> = {
  1: "FORMERR",
  2: "SERVFAIL",
  4: "NOTIMP",
  5: "REFUSED",
};

/** Called once with a reply, or with why there is none. */
type Done = (reply: DnsReply | string) => void;

export function createDnsClient(): DnsClient {
  return {
    ask(question, done) {
      const asking = new Asking(question, done);
      asking.start();
      return () => asking.giveUp();
    },
  };
}

/** One question on its way from server to server. */
class Asking {
  readonly #question: DnsQuestion;
  readonly #done: (answer: DnsAnswer) => void;
  readonly #servers: readonly DnsServer[];
  #tries = 0;
  #problem = "no DNS server is known";
  #deadline: NodeJS.Timeout | null = null;
  #cancelTry: () => void = () => {};

  constructor(question: DnsQuestion, done: (answer: DnsAnswer) => void) {
    this.#question = question;
    this.#done = done;
    const texts = question.servers.length > 0 ? question.servers : getServers();
    this.#servers = texts.map(parseDnsServer).filter((server) => server !== null);
  }

  start(): void {
    this.#deadline = setTimeout(
      () => this.#finish({ problem: `no answer within ${this.#question.timeoutMs} ms` }),
      this.#question.timeoutMs,
    );
    this.#tryNext();
  }

  giveUp(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#cancelTry();
  }

  #finish(answer: DnsAnswer): void {
    this.giveUp();
    this.#done(answer);
  }

  #tryNext(): void {
    const { name, type, timeoutMs } = this.#question;
    const triesMax = this.#servers.length * rounds;
    const server = this.#servers[this.#tries % Math.max(1, this.#servers.length)];
    if (server === undefined || this.#tries >= triesMax) {
      setImmediate(() => this.#finish({ problem: this.#problem }));
      return;
    }
    this.#tries++;
    const id = randomInt(0x10000);
    const message = writeQuestion(id, name, type);
    const read = (bytes: Buffer): DnsReply | null => readReply(bytes, id, name, type);
    const tryMs = Math.max(tryMsMin, timeoutMs / triesMax);
    this.#cancelTry = askByDatagram(server, message, read, tryMs, (reply) => {
      if (typeof reply !== "string" && reply.isTruncated) {
        this.#cancelTry = askByStream(server, message, read, (whole) => this.#take(server, whole));
      } else this.#take(server, reply);
    });
  }

  #take(server: DnsServer, reply: DnsReply | string): void {
    if (typeof reply !== "string" && (reply.code === 0 || reply.code === noSuchName)) {
      const { records, additional, ttlSeconds } = reply;
      this.#finish({ records, additional, ttlSeconds });
      return;
    }
    const what = typeof reply === "string" ? reply : (codeNames[reply.code] ?? `code ${reply.code}`);
    this.#problem = `${what} (${formatDnsServer(server)})`;
    this.#tryNext();
  }
}

/** A socket of its own for each question: its random port is what a forger would have to guess. */
function askByDatagram(
  server: DnsServer,
  message: Buffer,
  read: (bytes: Buffer) => DnsReply | null,
  timeoutMs: number,
  done: Done,
): () => void {
  const socket: Socket = createSocket(server.address.includes(":") ? "udp6" : "udp4");
  const timer = setTimeout(() => finish("no answer"), timeoutMs);
  let isOver = false;
  const cancel = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket.close();
  };
  const finish = (reply: DnsReply | string): void => {
    if (isOver) return;
    cancel();
    done(reply);
  };
  socket.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? "the network failed"));
  socket.on("message", (bytes) => {
    const reply = read(bytes);
    // What answers something else was not for us, and the answer may still come.
    if (reply !== null) finish(reply);
  });
  // Connected, so that only the server is heard, and a closed port is an error instead of silence.
  socket.connect(server.port, server.address, () => {
    if (!isOver) socket.send(message);
  });
  return cancel;
}

/** RFC 7766: the length in two bytes, then the message. Bounded by that length. */
function askByStream(
  server: DnsServer,
  message: Buffer,
  read: (bytes: Buffer) => DnsReply | null,
  done: Done,
): () => void {
  const socket = connect(server.port, server.address);
  const chunks: Buffer[] = [];
  let isOver = false;
  const cancel = (): void => {
    isOver = true;
    socket.destroy();
  };
  const finish = (reply: DnsReply | string): void => {
    if (isOver) return;
    cancel();
    done(reply);
  };
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.on("connect", () => socket.write(Buffer.concat([length, message])));
  socket.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? "the network failed"));
  socket.on("close", () => finish("the connection was closed"));
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
    finish(read(bytes.subarray(2, 2 + bytes.readUInt16BE(0))) ?? "an answer that makes no sense");
  });
  return cancel;
}
