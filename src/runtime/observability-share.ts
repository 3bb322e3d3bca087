/** What control plane and workers share for observability, and what workers tell. Plain data. */
import type { SharedExchangeCounters } from "../observability/exchange-counters.ts";
import type { FailureBatch } from "../observability/failure-collector.ts";
import type { TraceBatch } from "../observability/tracing/trace-batcher.ts";
import type { LiveBatch } from "./observability-tail.ts";

/** Shared memory; part of a snapshot. */
export interface ObservabilityShare {
  readonly counters: SharedExchangeCounters;
  readonly vitals: SharedArrayBuffer;
}

/** What a thread tells the control plane about its exchanges, in batches and never per request. */
export type ObservabilityReport =
  | { readonly kind: "failures"; readonly batch: FailureBatch }
  | { readonly kind: "exchanges"; readonly batch: LiveBatch }
  | { readonly kind: "traces"; readonly batch: TraceBatch };
