/**
 * What alerts can watch, in one list for those who measure and those who configure:
 *
 * - `error-share`: 5xx among a pool's responses over the last minute, 0 to 1;
 * - `latency-p99-ms`: from a pool's requests to the ends of their responses, over the last minute;
 * - `first-byte-p99-ms`: the same to their beginnings, for pools with downloads and streams;
 * - `eligible-share`: endpoints of a pool that may receive traffic, 0 to 1;
 * - `ejected-endpoints`: how many of a pool are thrown out;
 * - `certificate-days`: until a certificate expires;
 * - `reload-rejected`: 1 while the last reload stands rejected;
 * - `loop-utilization`: of a worker, 0 to 1.
 */
export const alertSignals = [
  "error-share",
  "latency-p99-ms",
  "first-byte-p99-ms",
  "eligible-share",
  "ejected-endpoints",
  "certificate-days",
  "reload-rejected",
  "loop-utilization",
] as const;
export type AlertSignal = (typeof alertSignals)[number];
