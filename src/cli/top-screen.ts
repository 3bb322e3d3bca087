/** Draws `headgate top` as lines of text for a terminal of a given size. Pure: what it gets is what it draws. */
import { printable } from "./printable.ts";
import { lasting, milliseconds, shortNumber } from "./table.ts";
import type { TopEndpoint, TopModel, TopPool } from "./top-model.ts";

export const topOrders = ["name", "requests", "failures", "active", "p99"] as const;
export type TopOrder = (typeof topOrders)[number];

/** What the keys have set. */
export interface TopView {
  readonly order: TopOrder;
  /** Only endpoints that are not up or have failures. */
  readonly isTroubleOnly: boolean;
  readonly isPaused: boolean;
  readonly isHelpShown: boolean;
  /** Lines of the list scrolled past. */
  readonly offset: number;
  /** Of the list's pools, the only one shown; null for all. */
  readonly pool: string | null;
}

export interface TopSize {
  readonly columns: number;
  readonly rows: number;
  readonly isColored: boolean;
}

export interface TopPicture {
  readonly lines: readonly string[];
  /** The furthest that scrolling makes sense. */
  readonly offsetMax: number;
}

const columns = ["ENDPOINT", "STATE", "WEIGHT", "ACTIVE", "REQ/S", "SHARE", "FAIL/S", "P50", "P99", "WHY"];
const widths = [24, 12, 7, 7, 8, 7, 8, 9, 9, 0];
const colors: Readonly<Record<string, string>> = {
  down: "31",
  ejected: "31",
  draining: "33",
  maintenance: "33",
  up: "32",
};
const barLevels = " ▁▂▃▄▅▆▇█";
const headLines = 4;

export function drawTop(model: TopModel, view: TopView, size: TopSize, notice: string): TopPicture {
  const list = view.isHelpShown ? helpLines : listLines(model, view, size);
  const room = Math.max(1, size.rows - headLines - 1);
  const offsetMax = Math.max(0, list.length - room);
  const offset = Math.min(view.offset, offsetMax);
  const shown = list.slice(offset, offset + room);
  const padding = Array.from({ length: room - shown.length }, () => "");
  const lines = [
    ...headOf(model, size),
    ...shown,
    ...padding,
    footOf(view, offset, list.length - shown.length, notice, size),
  ];
  return { lines: lines.slice(0, size.rows), offsetMax };
}

function headOf({ status, history, pools }: TopModel, size: TopSize): string[] {
  const { version, pid, phase, uptimeMs, revision, lastReload } = status;
  const [p50, p99] = [history.p50Ms.at(-1) ?? null, history.p99Ms.at(-1) ?? null];
  const [requests, errors] = [history.requestRate.at(-1) ?? 0, history.errorRate.at(-1) ?? 0];
  const active = pools.reduce((total, pool) => total + pool.active, 0);
  const share = requests === 0 ? "" : ` (${((errors / requests) * 100).toFixed(errors === 0 ? 0 : 1)} %)`;
  const facts = `${shortNumber(requests)} requests/s   ${shortNumber(errors)} errors/s${share}   ${active} active   p50 ${milliseconds(p50)}   p99 ${milliseconds(p99)}`;
  const reload = lastReload?.outcome === "refused" ? "   LAST RELOAD REFUSED" : "";
  return [
    cut(
      `Headgate ${version}   pid ${pid}   ${phase} for ${lasting(uptimeMs)}   revision ${revision}${reload}`,
      size,
    ),
    cut(facts, size),
    cut(`${bars(history.requestRate, Math.min(60, size.columns - 24))}  requests/s, last minute`, size),
    "",
  ];
}

/** The newest at the right, the largest as high as a bar goes. */
function bars(values: readonly (number | null)[], count: number): string {
  const shown = values.slice(-Math.max(1, count));
  const most = Math.max(1, ...shown.map((value) => value ?? 0));
  return shown
    .map((value) => barLevels[Math.ceil(((value ?? 0) / most) * 8)] ?? " ")
    .join("")
    .padStart(count);
}

function listLines({ pools }: TopModel, view: TopView, size: TopSize): string[] {
  const shown = pools.filter(({ name }) => view.pool === null || name === view.pool);
  const lines = shown.flatMap((pool) => {
    const rows = sorted(pool.endpoints, view.order).filter((row) => !view.isTroubleOnly || isTroubled(row));
    if (rows.length === 0 && view.isTroubleOnly) return [];
    return [styled("1", cut(poolLine(pool), size), size), ...rows.map((row) => endpointLine(row, size)), ""];
  });
  if (lines.length === 0) return [view.isTroubleOnly ? "No endpoint is in trouble." : "There are no pools."];
  return [styled("2", cut(cells(columns), size), size), ...lines];
}

function poolLine({ name, policy, eligible, endpoints, requestRate, failureRate, active }: TopPool): string {
  const traffic = `${shortNumber(requestRate)}/s   ${shortNumber(failureRate)} failed/s   ${active} active`;
  return `${printable(name)}   ${policy}   ${eligible} of ${endpoints.length} eligible   ${traffic}`;
}

function endpointLine(row: TopEndpoint, size: TopSize): string {
  const line = cells([
    row.name,
    row.state,
    String(row.weight),
    String(row.active),
    shortNumber(row.requestRate),
    `${Math.round(row.share * 100)} %`,
    shortNumber(row.failureRate),
    milliseconds(row.p50Ms),
    milliseconds(row.p99Ms),
    row.why,
  ]);
  const color = row.state === "up" && row.failureRate > 0 ? "33" : (colors[row.state] ?? "0");
  return styled(color, cut(line, size), size);
}

/** Names to the left, numbers to the right, each in its column. */
function cells(texts: readonly string[]): string {
  return texts
    .map((text, index) => {
      const width = widths[index] ?? 0;
      const fitting = width > 0 && text.length >= width ? `${text.slice(0, width - 2)}… ` : text;
      return index < 2 || width === 0 ? fitting.padEnd(width) : `${fitting.padStart(width - 1)} `;
    })
    .join("");
}

function sorted(rows: readonly TopEndpoint[], order: TopOrder): readonly TopEndpoint[] {
  switch (order) {
    case "name":
      return rows;
    case "requests":
      return rows.toSorted((a, b) => b.requestRate - a.requestRate);
    case "failures":
      return rows.toSorted((a, b) => b.failureRate - a.failureRate);
    case "active":
      return rows.toSorted((a, b) => b.active - a.active);
    case "p99":
      return rows.toSorted((a, b) => (b.p99Ms ?? 0) - (a.p99Ms ?? 0));
  }
}

function isTroubled({ state, failureRate }: TopEndpoint): boolean {
  return state !== "up" || failureRate > 0;
}

function footOf(view: TopView, offset: number, hidden: number, notice: string, size: TopSize): string {
  const more = hidden > 0 ? `${offset} above, ${hidden - offset} below` : "";
  const settings = [
    `order: ${view.order}`,
    view.pool === null ? "" : `pool: ${view.pool}`,
    view.isTroubleOnly ? "trouble only" : "",
    view.isPaused ? "PAUSED" : "",
    more,
    notice,
  ];
  const text = ["q quit  ? keys", ...settings.filter((setting) => setting !== "")].join("   ");
  return styled("7", cut(text, size).padEnd(size.columns), size);
}

const helpLines: readonly string[] = [
  "up, down, j, k      scroll a line",
  "space, b, pages     scroll a page",
  "s                   order by name, requests, failures, active, p99",
  "e                   only endpoints in trouble",
  "p                   one pool after the other, then all",
  "f                   freeze the picture, and go on",
  "q, Ctrl-C           quit",
  "",
  "REQ/S, SHARE and FAIL/S are of the last interval; P50 and P99 are since the start.",
];

function cut(text: string, { columns: width }: TopSize): string {
  const safe = printable(text);
  return safe.length > width ? `${safe.slice(0, Math.max(0, width - 1))}…` : safe;
}

function styled(code: string, text: string, { isColored }: TopSize): string {
  return isColored ? `\u001b[${code}m${text}\u001b[0m` : text;
}
