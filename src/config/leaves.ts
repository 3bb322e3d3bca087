/**
 * The kinds of value a configuration is made of: durations, sizes, counts, shares, rates, choices, texts.
 * Each says what it accepts in words, so that an error can. Sections are made of them in `schema-*.ts`.
 */
import { parseDurationMs, parseRate, parseShare, parseSizeBytes } from "../core/units.ts";
import type { DurationText, Rate, RateText, SizeText } from "../core/units.ts";
import { leaf } from "./field.ts";
import type { LeafResult } from "./field.ts";
import { nearestWord } from "../core/nearest-word.ts";

const environment = { type: "string", pattern: "^\\$\\{env\\." } as const;

/** A duration, held as milliseconds. `min` guards against values that cannot be meant. */
export function duration(minMs = 0) {
  return leaf<DurationText, number>({
    parse: (input) => readDuration(input, "a duration such as 5s, 250ms or 1m", minMs),
    json: { type: "string", pattern: "^\\d+(\\.\\d+)?(ms|s|m|h|d)$|^\\$\\{env\\." },
    valueKind: "duration",
    unit: "ms",
  });
}

/** A duration that may be switched off; held as milliseconds, 0 when off. */
export function durationOrOff() {
  return leaf<DurationText | "off", number>({
    parse: (input) =>
      input === "off" || input === false
        ? { value: 0 }
        : readDuration(input, "a duration such as 5s, or off", 1),
    json: { type: "string", pattern: "^off$|^\\d+(\\.\\d+)?(ms|s|m|h|d)$|^\\$\\{env\\." },
    valueKind: "duration-or-off",
    unit: "ms, 0 when off",
  });
}

function readDuration(input: unknown, allowed: string, minMs: number): LeafResult<number> {
  if (typeof input === "number" || (typeof input === "string" && /^\d+(\.\d+)?$/.test(input))) {
    return { allowed, reason: "a duration needs a unit", suggestion: `${input}s` };
  }
  if (typeof input !== "string") return { allowed };
  const ms = parseDurationMs(input);
  if (ms === null)
    return {
      allowed,
      suggestion: mendUnit(input, /^([\d.]+)\s*(ms|s|m|h|d)/i, (unit) => unit.toLowerCase()),
    };
  if (ms < minMs) return { allowed, reason: `the least is ${minMs}ms` };
  return { value: ms };
}

/** A size, held as bytes. A bare number is bytes, too, because the field's name says so. */
export function size(minBytes = 0) {
  return leaf<SizeText | number, number>({
    parse: (input) => readSize(input, "a size such as 16KiB or 1MiB", minBytes),
    json: {
      anyOf: [
        { type: "string", pattern: "^\\d+(\\.\\d+)?(B|KiB|MiB|GiB)$|^\\$\\{env\\." },
        { type: "integer", minimum: minBytes },
      ],
    },
    valueKind: "size",
    unit: "bytes",
  });
}

/** A size without a bound unless one is given; held as bytes, Infinity when unlimited. */
export function sizeOrUnlimited() {
  return leaf<SizeText | number | "unlimited", number>({
    parse: (input) =>
      input === "unlimited" ? { value: Infinity } : readSize(input, "a size such as 10MiB, or unlimited", 0),
    json: {
      anyOf: [
        { type: "string", pattern: "^unlimited$|^\\d+(\\.\\d+)?(B|KiB|MiB|GiB)$|^\\$\\{env\\." },
        { type: "integer", minimum: 0 },
      ],
    },
    valueKind: "size",
    unit: "bytes, Infinity when unlimited",
  });
}

function readSize(input: unknown, allowed: string, minBytes: number): LeafResult<number> {
  const bytes =
    typeof input === "number"
      ? input
      : typeof input === "string"
        ? /^\d+$/.test(input)
          ? Number(input)
          : parseSizeBytes(input)
        : null;
  if (bytes === null || !Number.isSafeInteger(bytes) || bytes < 0) {
    const suggestion =
      typeof input === "string"
        ? mendUnit(
            input,
            /^([\d.]+)\s*(b|k|m|g)/i,
            (unit) => ({ b: "B", k: "KiB", m: "MiB", g: "GiB" })[unit.toLowerCase()] ?? "B",
          )
        : null;
    return { allowed, suggestion };
  }
  return bytes < minBytes ? { allowed, reason: `the least is ${minBytes} bytes` } : { value: bytes };
}

function mendUnit(input: string, pattern: RegExp, spell: (unit: string) => string): string | null {
  const match = pattern.exec(input.trim());
  return match === null ? null : `${match[1]}${spell(match[2]!)}`;
}

/** A whole number. Digits in quotes are read too, because environment variables are text. */
export function count(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const allowed =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, at least ${min}`
      : `a whole number from ${min} to ${max}`;
  return leaf<number, number>({
    parse: (input) => readCount(input, allowed, min, max),
    json: {
      anyOf: [
        { type: "integer", minimum: min, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) },
        environment,
      ],
    },
  });
}

/** A whole number without a bound unless one is given; Infinity when unlimited. */
export function countOrUnlimited(min: number) {
  return leaf<number | "unlimited", number>({
    parse: (input) =>
      input === "unlimited"
        ? { value: Infinity }
        : readCount(input, `a whole number, at least ${min}, or unlimited`, min, Number.MAX_SAFE_INTEGER),
    json: { anyOf: [{ type: "integer", minimum: min }, { const: "unlimited" }, environment] },
    valueKind: "count-or-unlimited",
    unit: "Infinity when unlimited",
  });
}

export function readCount(input: unknown, allowed: string, min: number, max: number): LeafResult<number> {
  const value = typeof input === "string" && /^\d+$/.test(input) ? Number(input) : input;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
    ? { value }
    : { allowed };
}

/** A whole number that may be negative. */
export function integer(min: number, max: number) {
  return leaf<number, number>({
    parse: (input) => {
      const value = typeof input === "string" && /^-?\d+$/.test(input) ? Number(input) : input;
      const isRight =
        typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;
      return isRight ? { value } : { allowed: `a whole number from ${min} to ${max}` };
    },
    json: { anyOf: [{ type: "integer", minimum: min, maximum: max }, environment] },
  });
}

/** A number with a fraction. */
export function decimal(min: number, max: number) {
  return leaf<number, number>({
    parse: (input) => {
      const value = typeof input === "string" && /^\d+(\.\d+)?$/.test(input) ? Number(input) : input;
      return typeof value === "number" && value >= min && value <= max
        ? { value }
        : { allowed: `a number from ${min} to ${max}` };
    },
    json: { anyOf: [{ type: "number", minimum: min, maximum: max }, environment] },
  });
}

/** A part of the whole: `20%`, or a fraction from 0 to 1. Held as the fraction. */
export function share() {
  return leaf<`${number}%` | number, number>({
    parse: (input) => {
      const value = typeof input === "string" ? parseShare(input) : input;
      if (typeof value === "number" && value >= 0 && value <= 1) return { value };
      const isPercent = typeof input === "number" && input > 1 && input <= 100;
      return { allowed: "a share such as 20%", suggestion: isPercent ? `${input}%` : null };
    },
    json: {
      anyOf: [
        { type: "string", pattern: "^\\d+(\\.\\d+)?%$|^\\$\\{env\\." },
        { type: "number", minimum: 0, maximum: 1 },
      ],
    },
    valueKind: "share",
    unit: "fraction 0 to 1",
  });
}

/** Requests per second, minute, hour or day. */
export function rate() {
  return leaf<RateText, Rate>({
    parse: (input) => {
      const value = typeof input === "string" ? parseRate(input) : null;
      const isBare = typeof input === "number" || (typeof input === "string" && /^\d+$/.test(input));
      return value === null
        ? { allowed: "a rate such as 100/s or 5/m", suggestion: isBare ? `${input}/s` : null }
        : { value };
    },
    json: { type: "string", pattern: "^\\d+/(s|m|h|d)$|^\\$\\{env\\." },
    valueKind: "rate",
    unit: "requests per period",
  });
}

/** Yes or no. */
export function flag() {
  return leaf<boolean, boolean>({
    parse: (input) => {
      if (typeof input === "boolean") return { value: input };
      if (input === "true" || input === "false") return { value: input === "true" };
      const isYes = input === "yes" || input === "on";
      return {
        allowed: "true or false",
        suggestion: isYes ? "true" : input === "no" || input === "off" ? "false" : null,
      };
    },
    json: { anyOf: [{ type: "boolean" }, environment] },
  });
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]) {
  const said = words.filter((word) => word !== "");
  const allowed = said.length === 1 ? said[0]! : `${said.slice(0, -1).join(", ")} or ${said.at(-1)}`;
  return leaf<T, T>({
    parse: (input) => {
      const word = words.find((candidate) => candidate === input);
      return word === undefined
        ? { allowed, suggestion: typeof input === "string" ? nearestWord(input, words) : null }
        : { value: word };
    },
    json: { enum: [...words] },
  });
}

/** Any text with at least one character. `allowed` names it in errors. */
export function text(allowed = "a text") {
  return leaf<string, string>({
    parse: (input) => (typeof input === "string" && input !== "" ? { value: input } : { allowed }),
    json: { type: "string", minLength: 1 },
  });
}

/** A text that a function turns into something, or refuses. */
export function textAs<O>(
  allowed: string,
  read: (text: string) => LeafResult<O>,
  json: Readonly<Record<string, unknown>> = { type: "string" },
) {
  return leaf<string, O>({
    parse: (input) => (typeof input === "string" ? read(input) : { allowed, isWrongType: true }),
    json,
  });
}
