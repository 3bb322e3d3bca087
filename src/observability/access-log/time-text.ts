/**
 * Moments and durations as text, many thousands a second: the calendar day is worked out once, the rest
 * comes from tables. Plain UTC. (`Date.toISOString` costs ten times as much; bench/access-log.ts.)
 */

const dayMs = 86_400_000;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
const threeDigits: readonly string[] = Array.from({ length: 1000 }, (_, value) =>
  String(value).padStart(3, "0"),
);
/** `0.` to `63.`: most exchanges take no longer. */
const wholeDots: readonly string[] = Array.from({ length: 64 }, (_, value) => `${value}.`);

let knownDay = Number.NaN;
/** `2026-11-21T` and `21/Nov/2026:` of the known day. */
let isoDay = "";
let commonDay = "";

let knownSecond = Number.NaN;
let commonMoment = "";

/** `2026-11-21T03:09:00.123Z`. Fractions of a millisecond are cut off. */
export function isoTime(wallMs: number): string {
  const wholeMs = Math.floor(wallMs);
  const ofDay = enterDay(wholeMs);
  const seconds = (ofDay / 1000) | 0;
  return `${isoDay + clock(seconds)}.${threeDigits[ofDay - seconds * 1000]!}Z`;
}

/** `21/Nov/2026:03:09:00 +0000`, the time of the common log format. */
export function commonTime(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second === knownSecond) return commonMoment;
  const ofDay = enterDay(second * 1000);
  commonMoment = `${commonDay + clock((ofDay / 1000) | 0)} +0000`;
  knownSecond = second;
  return commonMoment;
}

/** Milliseconds with three decimals: `12.340`. Negative and NaN count as 0. */
export function msText(ms: number): string {
  if (!(ms > 0)) return "0.000";
  if (ms >= 2_000_000) return ms.toFixed(3);
  const micros = (ms * 1000 + 0.5) | 0;
  const whole = (micros / 1000) | 0;
  const fraction = threeDigits[micros - whole * 1000]!;
  return whole < wholeDots.length ? wholeDots[whole]! + fraction : `${whole}.${fraction}`;
}

/** Makes the day of `wholeMs` the known one; returns the milliseconds since it began. */
function enterDay(wholeMs: number): number {
  const day = Math.floor(wholeMs / dayMs);
  if (day !== knownDay) {
    const iso = new Date(day * dayMs).toISOString();
    isoDay = iso.slice(0, 11);
    commonDay = `${iso.slice(8, 10)}/${months[Number(iso.slice(5, 7)) - 1]!}/${iso.slice(0, 4)}:`;
    knownDay = day;
  }
  return wholeMs - day * dayMs;
}

/** `03:09:00`. */
function clock(secondsOfDay: number): string {
  const hours = (secondsOfDay / 3600) | 0;
  const minutes = ((secondsOfDay - hours * 3600) / 60) | 0;
  return `${twoDigits[hours]!}:${twoDigits[minutes]!}:${twoDigits[secondsOfDay % 60]!}`;
}
