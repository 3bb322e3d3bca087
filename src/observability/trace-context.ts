/**
 * W3C Trace Context (Level 1, with Level 2's random flag passed on): reads `traceparent` and `tracestate`,
 * begins a trace or continues one, and decides whether it is sampled. Pure; exporting spans is not here.
 *
 * The recommendation's rules on `traceparent` (§3.2), in order:
 *  1. one header; several are as none;
 *  2. version, two lower-case hex digits, `ff` is invalid;
 *  3. trace-id, 32 lower-case hex digits, not all zero;
 *  4. parent-id, 16 lower-case hex digits, not all zero;
 *  5. flags, two lower-case hex digits;
 *  6. version 00 ends there; a higher version may go on after a dash, and is read as 00;
 *  7. an invalid `traceparent` begins a new trace, and `tracestate` is then dropped.
 */
import type { Random } from "../core/random.ts";

/** One hop's place in a trace. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the span that the next hop will call its parent. */
  readonly spanId: string;
  readonly isSampled: boolean;
  /** Level 2: the trace id's right half is random enough to sample by. */
  readonly isRandom: boolean;
  /** Vendors' list as received, "" when there is none or it is invalid. */
  readonly state: string;
}

const sampledBit = 1;
const randomBit = 2;
const parentShape =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|(?<!^00.*)-)/;

/** The caller's context, or null when there is none or it is invalid. Repeated headers arrive joined by ", ". */
export function parseTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | null {
  if (traceparent === undefined) return null;
  const text = traceparent.trim();
  if (!parentShape.test(text)) return null;
  const flags = Number.parseInt(text.slice(53, 55), 16);
  return {
    traceId: text.slice(3, 35),
    spanId: text.slice(36, 52),
    isSampled: (flags & sampledBit) !== 0,
    isRandom: (flags & randomBit) !== 0,
    state: tracestate === undefined ? "" : validState(tracestate),
  };
}

/** The header for the next hop; always version 00. */
export function formatTraceparent(context: TraceContext): string {
  const flags = (context.isSampled ? sampledBit : 0) | (context.isRandom ? randomBit : 0);
  return `00-${context.traceId}-${context.spanId}-0${flags}`;
}

/** Share of traces to begin as sampled, 0 to 1, and whether a caller's decision is followed. */
export interface SamplingSettings {
  readonly share: number;
  /** When false, the share decides for callers' traces too (they are not trusted). */
  readonly isParentFollowed: boolean;
}

/**
 * The context for this hop: the caller's trace with a span of our own, or a new trace. The decision on a
 * trace is a function of its id, so every Headgate with the same share decides alike.
 */
export function continueTrace(
  parent: TraceContext | null,
  sampling: SamplingSettings,
  random: Random,
): TraceContext {
  const spanId = hexId(random, 2);
  if (parent === null) {
    const traceId = hexId(random, 4);
    return { traceId, spanId, isSampled: isWithinShare(traceId, sampling.share), isRandom: true, state: "" };
  }
  const isSampled = sampling.isParentFollowed
    ? parent.isSampled
    : isWithinShare(parent.traceId, sampling.share);
  const { traceId, isRandom, state } = parent;
  return { traceId, spanId, isSampled, isRandom, state };
}

/** Another span of the same trace: one for each attempt. */
export function childSpan(context: TraceContext, random: Random): TraceContext {
  const { traceId, isSampled, isRandom, state } = context;
  return { traceId, spanId: hexId(random, 2), isSampled, isRandom, state };
}

/** By the id's last 52 bits, of which a JavaScript number holds all. */
function isWithinShare(traceId: string, share: number): boolean {
  return Number.parseInt(traceId.slice(19), 16) < share * 2 ** 52;
}

/** `words` times 8 hex digits, not all zero. */
function hexId(random: Random, words: number): string {
  let id = "";
  for (let word = 0; word < words; word++) {
    const value = Math.floor(random.next() * 2 ** 32);
    id += (word === 0 && value === 0 ? 1 : value).toString(16).padStart(8, "0");
  }
  return id;
}

const stateMembersMax = 32;
const stateCharsMax = 512;
const stateMember =
  /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The list if it is valid (§3.3): at most 32 members, keys once each; otherwise "". Longer than 512
 * characters, whole members go from the right, those over 128 characters first (§3.3.1.5).
 */
function validState(tracestate: string): string {
  const members = tracestate
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  if (members.length > stateMembersMax || !members.every((member) => stateMember.test(member))) return "";
  if (new Set(members.map((member) => member.slice(0, member.indexOf("=")))).size < members.length) return "";
  return shortened(members).join(",");
}

function shortened(members: readonly string[]): readonly string[] {
  let kept = members;
  while (kept.length > 0 && kept.join(",").length > stateCharsMax) {
    const long = kept.findLastIndex((member) => member.length > 128);
    kept = kept.toSpliced(long < 0 ? kept.length - 1 : long, 1);
  }
  return kept;
}
