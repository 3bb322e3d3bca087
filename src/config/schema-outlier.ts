/** Learning from traffic: when an endpoint's answers take it out, and how it comes back. */
import * as z from "zod";
import { field } from "./field.ts";
import { count, countOrUnlimited, decimal, duration, share } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";

const consecutive = z.strictObject({
  errors: field(
    countOrUnlimited(1).prefault(5),
    "Failures in a row of any kind (5xx answers and failures to get an answer) that eject; `unlimited` never does.",
  ),
  gatewayErrors: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Answers 502, 503 or 504 in a row that eject.",
  ),
  localErrors: field(
    countOrUnlimited(1).prefault("unlimited"),
    "Failed connects, resets and timeouts in a row that eject.",
  ),
});

const successRate = z.strictObject({
  deviations: field(
    decimal(0.1, 10).prefault(1.9),
    "Ejected when the success rate is this many standard deviations below the mean of the peers.",
  ),
  endpointsMin: field(
    count(2, 100_000).prefault(5),
    "Only judged when at least this many endpoints have enough requests.",
  ),
  requestsMin: field(
    count(1, 1_000_000).prefault(100),
    "Requests in the interval that make an endpoint worth judging.",
  ),
});

const failureShare = z.strictObject({
  threshold: field(
    share().prefault("85%"),
    "Ejected when at least this share of the interval's requests failed.",
  ),
  endpointsMin: field(
    count(1, 100_000).prefault(5),
    "Only judged when at least this many endpoints have enough requests.",
  ),
  requestsMin: field(
    count(1, 1_000_000).prefault(50),
    "Requests in the interval that make an endpoint worth judging.",
  ),
});

const latency = z.strictObject({
  factor: field(
    decimal(1.1, 1000).prefault(5),
    "Ejected when its mean latency is this many times the median of the peers.",
  ),
  endpointsMin: field(
    count(2, 100_000).prefault(3),
    "Only judged when at least this many endpoints have enough requests.",
  ),
  requestsMin: field(
    count(1, 1_000_000).prefault(20),
    "Requests in the interval that make an endpoint worth judging.",
  ),
});

const ejection = z.strictObject({
  base: field(
    duration(1).prefault("30s"),
    "Length of the first ejection; the n-th in a row lasts n times as long.",
  ),
  max: field(duration(1).prefault("5m"), "Longest ejection."),
  jitter: field(
    share().prefault("10%"),
    "Random part, so that endpoints ejected together do not return together.",
  ),
  shareMax: field(
    share().prefault("34%"),
    "Largest share of a pool's endpoints ejected at once; one may always be, if there are at least two.",
  ),
});

const probation = z.strictObject({
  requests: field(
    count(0, 1000).prefault(3),
    "Requests that must succeed, one at a time, before an ejected endpoint gets its share again; 0 skips probation.",
  ),
});

export const outlierSchema = z.strictObject({
  interval: field(
    duration(100).prefault("10s"),
    "How often rates and latencies are judged. Failures in a row are judged at once.",
  ),
  consecutive: field(consecutive.prefault({}), "Ejection for failures in a row."),
  successRate: field(
    successRate.nullable().prefault(null),
    "Ejection for a success rate far below the peers'.",
  ),
  failureShare: field(failureShare.nullable().prefault(null), "Ejection for a share of failures."),
  latency: field(latency.nullable().prefault(null), "Ejection for latency far above the peers'."),
  ejection: field(ejection.prefault({}), "How long, and how many at once."),
  probation: field(probation.prefault({}), "How an ejected endpoint comes back."),
  mode: enforceOrObserve(),
});

/** nginx's own way, to the letter: an alternative to outlier detection. */
export const maxFailsSchema = z.strictObject({
  fails: field(
    count(1, 1_000_000).prefault(1),
    "Failed attempts that make an endpoint unavailable (nginx's `max_fails`).",
  ),
  timeout: field(
    duration(1000).prefault("10s"),
    "Time between which they count, and for which it is unavailable (nginx's `fail_timeout`).",
  ),
  mode: enforceOrObserve(),
});
