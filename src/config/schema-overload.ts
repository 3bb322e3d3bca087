/** When all are busy: waiting, limiting concurrency, and shedding what matters least. */
import * as z from "zod";
import { field } from "./field.ts";
import { count, decimal, duration, share } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";

export const queueSchema = z.strictObject({
  size: field(
    count(1, 1_000_000).prefault(1000),
    "Most requests waiting for an endpoint, in one worker; further ones are answered 503.",
  ),
  timeout: field(duration(1).prefault("5s"), "Longest wait; then 503.", {
    hazard: "Waiting longer than clients do only makes work for nobody.",
  }),
  mode: enforceOrObserve(),
});

export const concurrencySchema = z.strictObject({
  min: field(count(1, 100_000).prefault(3), "The limit never falls below this many requests in flight."),
  max: field(count(1, 1_000_000).prefault(1000), "The limit never rises above this."),
  initial: field(count(1, 1_000_000).prefault(100), "The limit to begin with."),
  tolerance: field(
    share().prefault("25%"),
    "Rise of the latency over its least that is still taken as healthy.",
  ),
  interval: field(duration(10).prefault("100ms"), "How often the limit is computed anew."),
  baselineInterval: field(
    duration(1000).prefault("60s"),
    "How often the least latency is measured anew, at the least limit.",
  ),
  baselineRequests: field(count(1, 10_000).prefault(50), "Requests in such a measurement."),
  mode: enforceOrObserve(),
});

export const shedSchema = z.strictObject({
  low: field(
    share().prefault("70%"),
    "Load (share of the pool's limit) from which requests of low priority are refused.",
  ),
  normal: field(share().prefault("90%"), "Load from which requests of normal priority are refused."),
  retryAfter: field(duration(0).prefault("1s"), "Retry-After in the refusals."),
  aggression: field(
    decimal(0.1, 10).prefault(4),
    "How steeply refusals grow from the threshold to full load: 1 grows evenly; more refuses sooner and leaves room for the important ones.",
  ),
  mode: enforceOrObserve(),
});
