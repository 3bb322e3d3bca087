/** When to renew a certificate and when to try again: pure arithmetic. */
import type { RenewalWindow } from "../core/acme.ts";
import { AcmeError } from "../core/acme.ts";

/** A third of the lifetime is left: 30 of 90 days, 2 of 6. */
const leftAtRenewal = 1 / 3;
/** Spread over so much of the lifetime, so that what was issued together is not renewed together. */
const spread = 1 / 20;
const retryFirstMs = 60_000;
const retryMaxMs = 6 * 3_600_000;

/** `draw` is in [0, 1). */
export function renewalWallMs(
  { notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number },
  draw: number,
): number {
  const lifetimeMs = notAfterMs - notBeforeMs;
  return notAfterMs - lifetimeMs * (leftAtRenewal + draw * spread);
}

/** A moment in the authority's window, chosen by chance (RFC 9773 §4.2). */
export function wallMsWithin({ startWallMs, endWallMs }: RenewalWindow, draw: number): number {
  return startWallMs + (endWallMs - startWallMs) * draw;
}

/** After `failures` in a row: a minute, two, four … six hours, each drawn out by up to a fifth; longer if the authority says so. */
export function retryDelayMs(failures: number, error: unknown, draw: number): number {
  const backOffMs = Math.min(retryFirstMs * 2 ** (failures - 1), retryMaxMs) * (1 + draw / 5);
  const askedMs = error instanceof AcmeError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(backOffMs, askedMs);
}
