/** What an endpoint was during the last hour and why, worked out from events and what it is now. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { EndpointState } from "./live-model.ts";

type Event = AdminDocument<"Event">;

export interface TimelineSpan {
  readonly state: EndpointState;
  readonly fromMs: number;
  readonly toMs: number;
  /** What began it, as the event says; "" when that is longer ago. */
  readonly reason: string;
}

/** Three things that change apart from one another; together they are the state. */
interface Standing {
  isDown: boolean;
  isEjected: boolean;
  setTo: "ready" | "draining" | "maintenance";
}

type Part = keyof Standing;

const effects: Readonly<Record<string, Partial<Standing>>> = {
  "endpoint-down": { isDown: true },
  "endpoint-up": { isDown: false },
  "endpoint-ejected": { isEjected: true },
  "endpoint-readmitted": { isEjected: false },
  "endpoint-draining": { setTo: "draining" },
  "endpoint-maintenance": { setTo: "maintenance" },
  "endpoint-in-service": { setTo: "ready" },
};

/** Oldest first, without gaps, from `fromMs` to `nowMs`. `events`: of this endpoint, oldest first. */
export function healthTimeline(
  events: readonly Event[],
  now: { readonly state: EndpointState; readonly setTo: Standing["setTo"] },
  fromMs: number,
  nowMs: number,
): TimelineSpan[] {
  const told = events.filter(({ kind, time }) => kind in effects && Date.parse(time) >= fromMs);
  const standing = standingBefore(told, now);
  const spans: TimelineSpan[] = [];
  let start = { state: stateOf(standing), fromMs, reason: "" };
  for (const event of told) {
    Object.assign(standing, effects[event.kind]);
    const state = stateOf(standing);
    if (state === start.state) continue;
    const atMs = Date.parse(event.time);
    spans.push({ ...start, toMs: atMs });
    start = { state, fromMs: atMs, reason: event.message };
  }
  return [...spans, { ...start, toMs: nowMs }];
}

/** The first event of a kind says what was before it; where there is none, it is as it is now. */
function standingBefore(
  events: readonly Event[],
  now: { readonly state: EndpointState; readonly setTo: Standing["setTo"] },
): Standing {
  const first = (part: Part): Partial<Standing> | undefined =>
    events.map(({ kind }) => effects[kind]).find((effect) => effect !== undefined && part in effect);
  const down = first("isDown");
  const ejected = first("isEjected");
  return {
    isDown: down === undefined ? now.state === "down" : down.isDown !== true,
    isEjected: ejected === undefined ? now.state === "ejected" : ejected.isEjected !== true,
    setTo: setBefore(first("setTo"), now.setTo),
  };
}

function setBefore(effect: Partial<Standing> | undefined, now: Standing["setTo"]): Standing["setTo"] {
  if (effect === undefined) return now;
  return effect.setTo === "ready" ? "maintenance" : "ready";
}

function stateOf({ isDown, isEjected, setTo }: Standing): EndpointState {
  if (setTo === "maintenance") return "maintenance";
  if (isDown) return "down";
  if (isEjected) return "ejected";
  return setTo === "draining" ? "draining" : "up";
}
