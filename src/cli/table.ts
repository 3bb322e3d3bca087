/** Tables and numbers for people at a terminal. */

/** Columns as wide as their widest cell, two spaces between; columns in `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `950`, `12.3k`, `4.5M`. */
export function shortNumber(value: number): string {
  if (value < 10_000) return String(Math.round(value));
  const [divisor, unit] = value < 1_000_000 ? [1000, "k"] : value < 1e9 ? [1_000_000, "M"] : [1e9, "G"];
  return `${(value / divisor).toFixed(1)}${unit}`;
}

/** `2.1 ms`, `140 ms`, `-` for null. */
export function milliseconds(value: number | null): string {
  if (value === null) return "-";
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** `45 s`, `3 min`, `5 h`, `2 d`. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** The local time of day, with the date unless it is today's. */
export function localTime(iso: string, now: Date): string {
  const date = new Date(iso);
  const time = date.toTimeString().slice(0, 8);
  if (date.toDateString() === now.toDateString()) return time;
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${day.join("-")} ${time}`;
}
