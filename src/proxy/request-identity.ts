/**
 * What a request is called on its way: its identifier and its place in a trace. Takes over what callers
 * that are believed have sent, begins what is missing, and writes the lines for the endpoint. What becomes
 * of spans is not its business.
 */
import type { Random } from "../core/random.ts";
import { withoutFields } from "../http1/fields.ts";
import {
  continueTrace,
  formatTraceparent,
  parseTraceContext,
  type SamplingSettings,
} from "../observability/trace-context.ts";
import { ExchangeTrace } from "../observability/tracing/exchange-trace.ts";

/** Whose headers are believed: nobody's, those of trusted proxies, everybody's. */
export type Belief = "nobody" | "trusted" | "everybody";

export interface RequestIdSettings {
  readonly headerName: string;
  readonly believe: Belief;
  /** The client is told, too. */
  readonly isInResponse: boolean;
}

export interface TracingSettings {
  readonly believe: Belief;
  readonly sampling: SamplingSettings;
  /** Spans of sampled traces are wanted. */
  readonly isExported: boolean;
}

/** Where it is noted. */
export interface IdentifiedRequest {
  requestId: string;
  traceId: string;
  /** Notes for spans; null unless they are wanted. */
  trace: ExchangeTrace | null;
  /** A field line for the response; "" when there is none. */
  identityLine: string;
}

/** Longer ones, or such with other characters, are not taken over: they end up in logs and headers. */
const acceptableId = /^[\w.+/=:@-]{1,128}$/;

export class RequestIdentity {
  readonly #requestId: RequestIdSettings | null;
  readonly #tracing: TracingSettings | null;
  readonly #random: Random;
  readonly #idLine: RegExp | null;
  readonly #idName: string;

  /** Null where it is not configured. */
  constructor(requestId: RequestIdSettings | null, tracing: TracingSettings | null, random: Random) {
    this.#requestId = requestId;
    this.#tracing = tracing;
    this.#random = random;
    this.#idName = requestId?.headerName.toLowerCase() ?? "";
    this.#idLine = requestId === null ? null : lineOf(requestId.headerName);
  }

  /** Is there nothing to do? */
  get isIdle(): boolean {
    return this.#requestId === null && this.#tracing === null;
  }

  /** The field lines for the endpoint, with identifier and trace; notes both. */
  mark(fieldLines: string, isTrusted: boolean, request: IdentifiedRequest): string {
    let lines = fieldLines;
    if (this.#requestId !== null) lines = this.#markId(lines, isTrusted, this.#requestId, request);
    if (this.#tracing !== null) lines = this.#markTrace(lines, isTrusted, this.#tracing, request);
    return lines;
  }

  /** 32 hexadecimal digits. Unique, but no secret. */
  newId(): string {
    let id = "";
    for (let word = 0; word < 4; word++) {
      id += Math.floor(this.#random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    }
    return id;
  }

  #markId(
    lines: string,
    isTrusted: boolean,
    settings: RequestIdSettings,
    request: IdentifiedRequest,
  ): string {
    const sent = this.#idLine?.exec(lines)?.[1];
    const isTaken = sent !== undefined && isBelieved(settings.believe, isTrusted) && acceptableId.test(sent);
    request.requestId = isTaken ? sent : this.newId();
    const line = `${settings.headerName}: ${request.requestId}\r\n`;
    if (settings.isInResponse) request.identityLine = line;
    return (sent === undefined ? lines : withoutNamed(lines, this.#idName)) + line;
  }

  #markTrace(
    lines: string,
    isTrusted: boolean,
    settings: TracingSettings,
    request: IdentifiedRequest,
  ): string {
    const parents = lines.match(parentLines);
    const isRead = parents?.length === 1 && isBelieved(settings.believe, isTrusted);
    const state = isRead ? Array.from(lines.matchAll(stateLines), ([, value]) => value).join(",") : "";
    const parent = isRead ? parseTraceContext(parentLine.exec(lines)?.[1], state) : null;
    const trace = continueTrace(parent, settings.sampling, this.#random);
    request.traceId = trace.traceId;
    if (settings.isExported && trace.isSampled)
      request.trace = new ExchangeTrace(trace, parent?.spanId ?? "", this.#random);
    const rest = traceLine.test(lines) ? withoutNamed(lines, "traceparent", "tracestate") : lines;
    const stateLine = trace.state === "" ? "" : `tracestate: ${trace.state}\r\n`;
    return `${rest}traceparent: ${formatTraceparent(trace)}\r\n${stateLine}`;
  }
}

const parentLine = lineOf("traceparent");
const parentLines = /^traceparent:/gim;
const stateLines = /^tracestate:[\t ]*(.*?)[\t ]*\r$/gim;
const traceLine = /^trace(?:parent|state):/im;

function lineOf(headerName: string): RegExp {
  const escaped = headerName.replace(/[^\w-]/g, (character) => `\\${character}`);
  return new RegExp(`^${escaped}:[\\t ]*(.*?)[\\t ]*\\r$`, "im");
}

function isBelieved(believe: Belief, isTrusted: boolean): boolean {
  return believe === "everybody" || (believe === "trusted" && isTrusted);
}

function withoutNamed(lines: string, ...lowerNames: readonly string[]): string {
  return withoutFields(lines, (text, start, end) =>
    lowerNames.includes(text.slice(start, end).toLowerCase()),
  );
}

/** An answer's field lines with the identity's line instead of what an endpoint may have sent under that name. */
export function withIdentity(fieldLines: string, identityLine: string): string {
  const lowerName = identityLine.slice(0, identityLine.indexOf(":")).toLowerCase();
  return withoutNamed(fieldLines, lowerName) + identityLine;
}
