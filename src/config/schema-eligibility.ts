/** Who may receive traffic: joining slowly, tiers, zones, and what happens when nearly all are down. */
import * as z from "zod";
import { field } from "./field.ts";
import { count, decimal, duration, flag, share } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";

export const slowStartSchema = z.strictObject({
  window: field(
    duration(1).prefault("30s"),
    "Time in which an endpoint's weight grows from the floor to its full value.",
  ),
  floor: field(share().prefault("10%"), "Weight it begins with, as a share of its full weight."),
  aggression: field(
    decimal(0.1, 10).prefault(1),
    "Shape of the growth: weight is the elapsed share of the window to the power of 1/aggression; 1 grows evenly, more grows faster at first.",
  ),
  onJoin: field(flag().prefault(true), "Whether an endpoint added at run time starts slowly."),
  onRecovery: field(flag().prefault(true), "Whether an endpoint that was down or ejected starts slowly."),
  mode: enforceOrObserve(),
});

export const panicSchema = z.strictObject({
  threshold: field(
    share().prefault("0%"),
    "When a smaller share of a tier's endpoints than this is healthy, health is ignored and all of them get traffic; 0% never does.",
    {
      hazard:
        "Without it the last healthy endpoints get everything; with it some requests go to endpoints that are down.",
    },
  ),
  mode: enforceOrObserve(),
});

export const tiersSchema = z.strictObject({
  overprovisioning: field(
    decimal(1, 10).prefault(1.4),
    "How much more than its share a tier is believed to bear: at 1.4 a tier keeps all traffic until fewer than 72% of it are healthy.",
  ),
  spill: field(
    flag().prefault(false),
    "Whether a tier that is only partly healthy gives a part of its traffic to the next one, or keeps all of it while it has any eligible endpoint.",
  ),
});

export const zonesSchema = z.strictObject({
  preferLocal: field(
    flag().prefault(false),
    "Whether endpoints in this Headgate's own zone are preferred, spilling over by share when they are too few.",
  ),
  endpointsMin: field(
    count(1, 100_000).prefault(6),
    "With fewer endpoints than this in the pool, zones are ignored.",
  ),
  mode: enforceOrObserve(),
});
