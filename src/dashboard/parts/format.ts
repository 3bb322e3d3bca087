/** Numbers as people read them: short, with their units, never more digits than mean something. */

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const none = "–";

/** `1,234,567`. */
export function count(value: number): string {
  return grouped.format(value);
}

/** Per second: `0.4`, `12.3`, `480`, `12.3k`. */
export function rate(value: number): string {
  if (value === 0) return "0";
  if (value < 0.1) return "<0.1";
  if (value < 100) return value.toFixed(1);
  if (value < 10_000) return grouped.format(value);
  return value < 999_500 ? `${(value / 1000).toFixed(1)}k` : `${(value / 1_000_000).toFixed(2)}M`;
}

/** `0.42 ms`, `8.1 ms`, `120 ms`, `1.24 s`. */
export function millis(value: number | null): string {
  if (value === null) return none;
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 999.5 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** 0 to 1 as `33 %`; what is little but not nothing says so. */
export function percent(value: number): string {
  if (value > 0 && value < 0.001) return "<0.1 %";
  return value < 0.1 && value > 0 ? `${(value * 100).toFixed(1)} %` : `${Math.round(value * 100)} %`;
}

/** `512 B`, `1.4 MB`. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  let amount = value;
  while (amount >= 999.5 && step < units.length - 1) {
    amount /= 1000;
    step++;
  }
  return `${step === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[step] ?? ""}`;
}

/** `12 s`, `4 min`, `3 h 12 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `14:03:27` on this machine's clock. */
export function clockTime(time: string | number): string {
  return new Date(time).toLocaleTimeString("en-GB");
}

/** `1 endpoint`, `3 endpoints`. */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
