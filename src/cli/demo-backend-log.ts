/**
 * The demo backends' log lines: `[Server 1] 09 August 2024 - 2:43:48 AM - Received GET request from …`.
 * Under load only so many are written per second; the others are counted.
 */
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

/** `server-1` → `Server 1`. */
export function displayName(name: string): string {
  return name
    .split(/[-_\s]+/)
    .filter((word) => word !== "")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/** In local time, as a person reads it. */
export function formatLine(displayed: string, date: Date, message: string): string {
  const day = String(date.getDate()).padStart(2, "0");
  const month = months[date.getMonth()] ?? "";
  const hour = date.getHours() % 12 === 0 ? 12 : date.getHours() % 12;
  const rest = [date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
  const half = date.getHours() < 12 ? "AM" : "PM";
  return `[${displayed}] ${day} ${month} ${date.getFullYear()} - ${hour}:${rest} ${half} - ${message}`;
}

/** Writes at most `linesPerSecondMax` lines in each second (0 for no limit) and then says how many it kept back. */
export function createLineLimiter(
  linesPerSecondMax: number,
  nowMs: () => number,
  write: (message: string) => void,
): (message: string) => void {
  let second = -1;
  let lines = 0;
  return (message) => {
    const current = Math.floor(nowMs() / 1000);
    if (current !== second) {
      const keptBack = linesPerSecondMax === 0 ? 0 : lines - linesPerSecondMax;
      if (keptBack > 0) write(`… and ${keptBack} more like these within that second`);
      second = current;
      lines = 0;
    }
    lines++;
    if (linesPerSecondMax === 0 || lines <= linesPerSecondMax) write(message);
  };
}
