/**
 * The units users write: durations (`5s`), sizes (`16KiB`), shares (`20%`) and rates (`100/s`), read
 * and written back. Every duration has a unit, so nobody has to guess; sizes are powers of two.
 */

/** What a user may write for a duration. One number, one unit. */
export type DurationText = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** What a user may write for a size. */
export type SizeText = `${number}${"B" | "KiB" | "MiB" | "GiB"}`;

/** What a user may write for a rate. */
export type RateText = `${number}/${"s" | "m" | "h" | "d"}`;

/** `requests` per `periodMs`. */
export interface Rate {
  readonly requests: number;
  readonly periodMs: number;
}

const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** The longest duration accepted: 365 days. */
export const durationMaxMs = 365 * durationUnits.d;

/** Milliseconds of `5s`, `250ms`, `1.5m`, `1h`, `7d`; null when the text is something else. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * durationUnits[match[2] as keyof typeof durationUnits];
  return ms <= durationMaxMs && Number.isSafeInteger(ms) ? ms : null;
}

/** Bytes of `16KiB`, `1.5MiB`, `512B`; null when the text is something else. */
export function parseSizeBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * sizeUnits[match[2] as keyof typeof sizeUnits];
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The fraction 0–1 of `20%` or `0.5%`; null when the text is something else. */
export function parseShare(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (match === null) return null;
  const share = Number(match[1]) / 100;
  return share <= 1 ? share : null;
}

/** The rate of `100/s`, `5/m`; null when the text is something else or zero. */
export function parseRate(text: string): Rate | null {
  const match = /^(\d+)\/(s|m|h|d)$/.exec(text);
  if (match === null) return null;
  const requests = Number(match[1]);
  const periodMs = durationUnits[match[2] as keyof typeof durationUnits];
  return requests > 0 && Number.isSafeInteger(requests) ? { requests, periodMs } : null;
}

/** `90000` → `90s`: the largest unit that needs no fraction. */
export function formatDuration(ms: number): string {
  return formatIn(ms, durationUnits, "ms");
}

/** `16384` → `16KiB`: the largest unit that needs no fraction. */
export function formatSize(bytes: number): string {
  return formatIn(bytes, sizeUnits, "B");
}

/** `0.2` → `20%`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(6))}%`;
}

export function formatRate(rate: Rate): string {
  return `${rate.requests}/${formatDuration(rate.periodMs).replace(/^1/, "")}`;
}

function formatIn(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  let written = `${value}${smallest}`;
  if (value === 0) return written;
  for (const [unit, size] of Object.entries(units)) {
    if (value % size === 0) written = `${value / size}${unit}`;
  }
  return written;
}
