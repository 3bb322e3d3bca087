/**
 * One request of a probe over HTTP, with everything bounded: a fresh connection, no redirect followed, one
 * time limit, 64 KiB of body. It goes through undici and not through the request path's own codec, so that
 * the two cannot share a mistake. What an answer is worth, the probes judge.
 */
import { buildConnector, Client, type Dispatcher } from "undici";
import { isIp } from "../core/address.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { DialTarget, UpstreamTls } from "../core/transport.ts";
import { errorCode, failureFrom } from "./failure-causes.ts";
import type { ProbeCause, ProbeResult } from "./probe.ts";

export interface ProbeRequest {
  readonly address: DialTarget;
  /** Null for plain text. */
  readonly tls: UpstreamTls | null;
  readonly method: "GET" | "HEAD" | "OPTIONS" | "POST";
  /** Path and query. */
  readonly path: string;
  /** Host header, or `:authority`. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** HTTP/2, by ALPN or with prior knowledge; otherwise HTTP/1.1. */
  readonly isHttp2: boolean;
  readonly timeoutMs: number;
}

/** A result without its latency, which is measured here. */
export type Verdict =
  | { readonly isOk: true; readonly detail: string }
  | { readonly isOk: false; readonly cause: ProbeCause; readonly detail: string };

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Judges an answer. Once there is a verdict, the rest of the body is read for politeness only. */
export interface AnswerJudge {
  /** Null to wait for the body. */
  atHead(status: number, headers: AnswerHeaders): Verdict | null;
  /** `body` is at most its first 64 KiB. */
  atEnd(body: Buffer, trailers: AnswerHeaders): Verdict;
}

const bodyBytesMax = 64 * 1024;
const headBytesMax = 16 * 1024;

/** Asks; `done` is called once, later. Returns a function that gives up; after it `done` never comes. */
export function sendProbeRequest(
  request: ProbeRequest,
  judge: AnswerJudge,
  clock: Clock,
  done: (result: ProbeResult) => void,
): () => void {
  const question = new Question(request, judge, clock, done);
  return () => question.giveUp();
}

class Question {
  readonly #judge: AnswerJudge;
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #startedMs: number;
  readonly #timer: Timer;
  readonly #chunks: Buffer[] = [];
  #done: ((result: ProbeResult) => void) | null;
  #hasHead = false;
  #bodyBytes = 0;

  constructor(request: ProbeRequest, judge: AnswerJudge, clock: Clock, done: (result: ProbeResult) => void) {
    this.#judge = judge;
    this.#clock = clock;
    this.#done = done;
    this.#startedMs = clock.nowMs();
    this.#client = createClient(request);
    this.#timer = clock.setTimer(request.timeoutMs, () => this.#timedOut(request.timeoutMs));
    // Later, because undici refuses an unusable request at once and `done` must not be called that early.
    queueMicrotask(() => this.#send(request));
  }

  giveUp(): void {
    this.#done = null;
    this.#close();
  }

  #send({ method, path, headers, host, body, isHttp2 }: ProbeRequest): void {
    if (this.#done === null) return;
    this.#client.dispatch(
      {
        method,
        path,
        headers: { "user-agent": "headgate-probe", ...headers, host },
        body,
        // Sends `Connection: close`: the endpoint need not keep the connection for another.
        reset: !isHttp2,
      },
      this.#handler(),
    );
  }

  #handler(): Dispatcher.DispatchHandler {
    return {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, headers) => this.#headArrived(status, headers),
      onResponseData: (_controller, chunk) => this.#bodyArrived(chunk),
      onResponseEnd: (_controller, trailers) => this.#bodyEnded(trailers),
      onResponseError: (_controller, error) => this.#failed(error),
    };
  }

  #headArrived(status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    this.#hasHead = true;
    const verdict = this.#judge.atHead(status, headers);
    if (verdict !== null) this.#finish(verdict);
  }

  #bodyArrived(chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#done !== null) this.#chunks.push(chunk);
    if (this.#bodyBytes >= bodyBytesMax) this.#bodyEnded({});
  }

  #bodyEnded(trailers: AnswerHeaders): void {
    if (this.#done !== null) {
      this.#finish(this.#judge.atEnd(Buffer.concat(this.#chunks).subarray(0, bodyBytesMax), trailers));
    }
    this.#close();
  }

  #timedOut(timeoutMs: number): void {
    const missing = this.#hasHead ? "no complete body" : "no answer";
    this.#finish({ isOk: false, cause: "timeout", detail: `${missing} within ${timeoutMs} ms` });
    this.#close();
  }

  #failed(error: Error): void {
    this.#finish({ isOk: false, ...failureFrom(errorCode(error)) });
    this.#close();
  }

  #finish(verdict: Verdict): void {
    const done = this.#done;
    this.#done = null;
    done?.({ ...verdict, latencyMs: this.#clock.nowMs() - this.#startedMs });
  }

  #close(): void {
    this.#timer.cancel();
    this.#client.destroy(null, () => {});
  }
}

function createClient({ address, tls, isHttp2, timeoutMs }: ProbeRequest): Client {
  const scheme = tls === null ? "http" : "https";
  return new Client(`${scheme}://${originHost(address)}`, {
    // The clock's timer rules; undici's only have to be out of its way.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: headBytesMax,
    allowH2: isHttp2,
    ...(isHttp2 && tls === null ? { useH2c: true } : {}),
    connect: connector(address, tls, isHttp2, timeoutMs),
  });
}

function originHost(address: DialTarget): string {
  if (address.kind === "unix") return "localhost";
  return `${address.address.includes(":") ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Connects to the address given, whatever the Host header says, and verifies against the configured name. */
function connector(
  address: DialTarget,
  tls: UpstreamTls | null,
  isHttp2: boolean,
  timeoutMs: number,
): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutMs,
    maxCachedSessions: 0,
    allowH2: isHttp2,
    preferH2: isHttp2,
    ...(isHttp2 && tls === null ? { useH2c: true } : {}),
    ...(address.kind === "unix" ? { socketPath: address.path } : {}),
    ...(tls === null ? {} : tlsOptions(tls)),
  });
  // SNI carries names only (RFC 6066 §3); an address is verified as what was connected to.
  const servername = tls === null || isIp(tls.serverName) ? "" : tls.serverName;
  return (options, callback) => connect({ ...options, servername }, callback);
}

function tlsOptions(tls: UpstreamTls) {
  return {
    rejectUnauthorized: tls.isVerified,
    ...(tls.caPem === null ? {} : { ca: tls.caPem }),
    ...(tls.certificatePem === null ? {} : { cert: tls.certificatePem }),
    ...(tls.keyPem === null ? {} : { key: tls.keyPem }),
  };
}
