/** The text of `docs/errors.md`: every cause of the one table, in the order an exchange meets them. */
import { type Cause, type ErrorStage, errorRow, errorTable, type RetryRule } from "../core/errors.ts";

const stages: Readonly<Record<ErrorStage, string>> = {
  accept: "1 Accept",
  "read-head": "2 Read the request's head",
  admit: "3 Admit",
  route: "4 Route",
  select: "5 Select an endpoint",
  connect: "6 Connect",
  send: "7 Send the request",
  relay: "8 Relay the response",
  finish: "9 Finish",
};

const retries: Readonly<Record<RetryRule, string>> = {
  "any-method": "Nothing was sent yet, so any request may be tried on another endpoint.",
  "if-reused": "Tried again on a fresh connection, at no cost to the attempts.",
  "if-unprocessed":
    "Any request is sent again on a fresh connection, at no cost to the attempts: the endpoint did nothing with it.",
  "if-idempotent": "Only an idempotent request may be tried on another endpoint.",
  never: "Never tried again.",
};

const sources = {
  downstream: "the client's side",
  upstream: "the endpoint's side",
  internal: "Headgate or its configuration",
} as const;

const opening = `# Causes

Whenever Headgate answers a request itself or breaks it off, the cause has one of these names: in the access log (\`cause\`), in the metrics
(\`headgate_failed_exchanges_total\`), in \`headgate diagnose\` and, where it is switched on, in the \`Headgate-Cause\` header. The names are stable.

This page is generated from the table in \`src/core/errors.ts\`; \`node scripts/generate-errors.ts\` writes it.
`;

/** The whole document. */
export function errorsDocument(): string {
  const byStage = Map.groupBy(Object.keys(errorTable) as Cause[], (cause) => errorRow(cause).stage);
  const sections = (Object.keys(stages) as ErrorStage[]).flatMap((stage) => {
    const causes = byStage.get(stage);
    return causes === undefined ? [] : [`## ${stages[stage]}\n\n${causes.map(entry).join("\n")}`];
  });
  return `${opening}\n${sections.join("\n")}`;
}

function entry(cause: Cause): string {
  const { status, source, sentence, fix, retry, isBlamed } = errorRow(cause);
  const answer =
    status === null ? "None: there is nobody left to answer, or the response has begun." : String(status);
  const blame = isBlamed ? "Counts against the endpoint." : "Does not count against the endpoint.";
  return `### ${cause}

${sentence}

- **What to do:** ${fix}
- **Answer:** ${answer}
- **Side:** ${sources[source]}. ${source === "downstream" ? "" : `${blame} `}${retries[retry]}
`;
}
