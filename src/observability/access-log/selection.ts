/**
 * Which exchanges are written: those with a wanted status, of these every failed or slow one and a share of
 * the rest, without certain routes. Failed is what Headgate answered itself, what broke off, what needed
 * more than one attempt, and any 5xx.
 */
import type { Random } from "../../core/random.ts";
import type { AccessRecord } from "./access-record.ts";

/** Inclusive at both ends. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export interface SelectionSettings {
  /** Share of the exchanges without failure that is written, 0 to 1. */
  readonly share: number;
  /** Only these statuses; null for all. */
  readonly statuses: readonly StatusRange[] | null;
  /** From here on an exchange is slow; null for none. */
  readonly slowMs: number | null;
  /** Routes of which only failed and slow exchanges are written. */
  readonly exceptRoutes: readonly string[];
}

export type Selection = (record: AccessRecord) => boolean;

export function selectionOf(settings: SelectionSettings, random: Random): Selection {
  const { share, statuses } = settings;
  const slowMs = settings.slowMs ?? Number.POSITIVE_INFINITY;
  const except = new Set(settings.exceptRoutes);
  const isEveryRoute = except.size === 0;
  const isNotable = (record: AccessRecord): boolean => record.durationMs >= slowMs || isFailed(record);
  const isSampled = (record: AccessRecord): boolean =>
    (share >= 1 && isEveryRoute) ||
    isNotable(record) ||
    ((isEveryRoute || !except.has(record.routeName)) && (share >= 1 || random.next() < share));
  if (statuses === null) return isSampled;
  const isWanted = new Uint8Array(1000);
  for (const { from, to } of statuses) isWanted.fill(1, from, to + 1);
  return (record) => isWanted[record.status] === 1 && isSampled(record);
}

function isFailed(record: AccessRecord): boolean {
  return record.cause !== null || record.status >= 500 || record.failedAttempts.length > 0;
}
