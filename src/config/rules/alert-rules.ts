/** Alert rules and receivers say one thing each, and the heartbeat goes to somebody who exists. */
import { nearestWord } from "../../core/nearest-word.ts";
import type { AlertsConfig } from "../schema-alerts.ts";
import type { Finding, Rule } from "./rule.ts";

export const alertRules: Rule = {
  name: "unclear-alert",
  severity: "error",
  sentence: "An alert rule or receiver does not say what it means, or the heartbeat goes to nobody.",
  check({ config: { alerts }, report }) {
    if (alerts === null) return;
    for (const [index, rule] of (alerts.rules ?? []).entries()) {
      const problem = ruleProblem(rule);
      if (problem !== null) report({ path: ["alerts", "rules", index], message: problem });
    }
    const names = (alerts.rules ?? []).map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) < index)
        report({
          path: ["alerts", "rules", index, "name"],
          message: `there are two rules '${name}'`,
          found: name,
        });
    }
    for (const [name, { webhook, command }] of Object.entries(alerts.receivers)) {
      if ((webhook === null) === (command === null))
        report({ path: ["alerts", "receivers", name], message: "a receiver has a webhook or a command" });
    }
    const finding = heartbeatFinding(alerts);
    if (finding !== null) report(finding);
  },
};

function ruleProblem({
  signal,
  above,
  below,
  events,
  resolvedBy,
}: NonNullable<AlertsConfig["rules"]>[number]): string | null {
  if ((signal === null) === (events.length === 0)) return "a rule has a signal or events";
  if (signal === null) {
    return above === null && below === null ? null : "a rule of events has no threshold";
  }
  if ((above === null) === (below === null)) return "a rule with a signal has above or below";
  return resolvedBy.length === 0 ? null : "only a rule of events is resolved by events";
}

function heartbeatFinding({ heartbeat, receivers }: AlertsConfig): Finding | null {
  if (heartbeat === null || Object.hasOwn(receivers, heartbeat.receiver)) return null;
  const known = Object.keys(receivers);
  return {
    path: ["alerts", "heartbeat", "receiver"],
    message: `there is no receiver '${heartbeat.receiver}'`,
    found: heartbeat.receiver,
    allowed: known.length === 0 ? "a receiver; there are none yet" : known.join(", "),
    suggestion: nearestWord(heartbeat.receiver, known),
  };
}
