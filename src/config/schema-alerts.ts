/** Alerts: what is worth telling, and who is told. */
import * as z from "zod";
import { alertSignals } from "../core/alert-signals.ts";
import { type EventKind, eventKinds } from "../core/event-kinds.ts";
import { parseDurationMs, parseShare } from "../core/units.ts";
import { field, leaf, oneOrMany } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, duration, flag, text } from "./leaves.ts";
import { headerName, headerValue, httpUrl, name } from "./texts.ts";

type AlertEventName = Exclude<EventKind, "alert-firing" | "alert-resolved">;
/** Every event but those of alerts themselves, which would answer each other. */
const alertEventNames = eventKinds.filter(
  (kind): kind is AlertEventName => kind !== "alert-firing" && kind !== "alert-resolved",
);

/** A number; `5%` is 0.05, and `500ms` is 500. */
function threshold() {
  const allowed = "a number, a share such as 5%, or a duration such as 500ms";
  return leaf<number | string, number>({
    parse: (input) => {
      if (typeof input === "number" && Number.isFinite(input)) return { value: input };
      const value = typeof input === "string" ? (parseShare(input) ?? parseDurationMs(input)) : null;
      return value === null ? { allowed } : { value };
    },
    json: { anyOf: [{ type: "number" }, { type: "string" }] },
  });
}

function events() {
  return oneOrMany(choice(alertEventNames));
}

const receiver = z.strictObject({
  webhook: field(
    httpUrl("https://hooks.example.com/T1/B2").nullable().prefault(null),
    "A URL that gets each message by POST.",
    {
      isSecret: true,
    },
  ),
  format: field(
    choice(["generic", "slack"]).prefault("generic"),
    "How a webhook's message looks: JSON with every detail, or as Slack and its likes read it.",
  ),
  headers: field(
    z.record(headerName(), field(headerValue(), "The value.", { isSecret: true })).prefault({}),
    "Further headers for the webhook, such as Authorization.",
  ),
  command: field(
    oneOrMany(text()).nullable().prefault(null),
    "A program and its arguments, started without a shell for each message, which it reads as JSON from its standard input.",
    {
      hazard: "It runs with Headgate's rights. A configuration that comes over the admin API cannot set it.",
    },
  ),
});

const rule = z.strictObject({
  name: field(name("rule"), "What messages call it."),
  severity: field(choice(["warning", "critical"]).prefault("warning"), "How bad it is."),
  signal: field(
    choice(alertSignals).nullable().prefault(null),
    "What is measured, over the last minute where that matters; with `above` or `below`.",
  ),
  above: field(threshold().nullable().prefault(null), "Tell when the signal is above this."),
  below: field(threshold().nullable().prefault(null), "Tell when the signal is below this."),
  for: field(duration(0).prefault("1m"), "How long it must be so before anybody is told."),
  resolveAfter: field(duration(0).prefault("1m"), "How long it must be over before that is told."),
  subject: field(text("a name").nullable().prefault(null), "Only for this pool, certificate or worker.", {
    defaultText: "each of them",
  }),
  events: field(events().prefault([]), "What happens, instead of a signal: told at once."),
  resolvedBy: field(events().prefault([]), "Events about the same thing that end it."),
});

const heartbeat = z.strictObject({
  receiver: field(text("the name of a receiver"), "Who gets it."),
  interval: field(duration(1000).prefault("1m"), "How often."),
});

export const alertsSchema = z.strictObject({
  receivers: field(
    z.record(name("receiver"), receiver).prefault({}),
    "Who is told, by name; each one of everything.",
    {
      removal: "it is told nothing more",
    },
  ),
  log: field(flag().prefault(true), "Whether alerts stand in the program's own log, too."),
  rules: field(z.array(rule).nullable().prefault(null), "What is told.", {
    identity: "name",
    defaultText:
      "many errors, slow answers, few eligible endpoints, an endpoint out, several ejected at once, a certificate about to expire, a refused reload, a busy or dead worker",
    removal: "an alert of it that stands is forgotten",
  }),
  heartbeat: field(
    heartbeat.nullable().prefault(null),
    "A message at a steady pace, whose absence tells that Headgate or the way to the receiver is dead.",
  ),
});

export type AlertsConfig = Frozen<z.output<typeof alertsSchema>>;
