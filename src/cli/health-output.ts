/** What the health checker prints: a table or JSON for one look, lines or JSON objects for changes. */
import type { HealthChange } from "../health/endpoint-health.ts";
import type { ProbeResult } from "../health/probe.ts";

export interface HealthRow {
  readonly name: string;
  readonly result: ProbeResult;
}

export function rowsAsTable(rows: readonly HealthRow[]): string {
  const cells = [
    ["ENDPOINT", "STATE", "LATENCY", "ANSWER"],
    ...rows.map(({ name, result }) => [name, stateOf(result), inMs(result.latencyMs), result.detail]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function rowsAsJson(rows: readonly HealthRow[]): string {
  return JSON.stringify(
    rows.map(({ name, result }) => ({ endpoint: name, state: stateOf(result), ...answerOf(result) })),
    null,
    2,
  );
}

/** `14:03:07 localhost:8081 is down: connection refused (was up for 12 s)` */
export function changeAsText(name: string, change: HealthChange): string {
  const time = new Date(change.wallMs).toTimeString().slice(0, 8);
  const before = change.from === "unproven" ? "" : ` (was ${change.from} for ${inSeconds(change.lastedMs)})`;
  return `${time} ${name} is ${change.to}: ${change.reason}${before}`;
}

export function changeAsJson(name: string, change: HealthChange, result: ProbeResult | null): string {
  const { from, to, wallMs } = change;
  const answer = result === null ? {} : answerOf(result);
  return JSON.stringify({ time: new Date(wallMs).toISOString(), endpoint: name, state: to, from, ...answer });
}

function answerOf(result: ProbeResult): { answer: string; cause: string | null; latencyMs: number } {
  const cause = result.isOk ? null : result.cause;
  return { answer: result.detail, cause, latencyMs: Math.round(result.latencyMs * 100) / 100 };
}

function stateOf(result: ProbeResult): "up" | "down" {
  return result.isOk ? "up" : "down";
}

function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function inSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
