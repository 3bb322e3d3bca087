/** `headgate alerts`: what stands, and whether messages arrive. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { addAdminOptions, type AdminOptions, clientFor, print } from "./admin-verb.ts";
import { printable } from "./printable.ts";
import { localTime } from "./table.ts";

interface AlertsOptions extends AdminOptions {
  readonly test?: boolean;
}

export function addAlertsVerb(program: Command): void {
  addAdminOptions(program.command("alerts"))
    .description("show alerts that stand; --test sends every receiver a test message")
    .option("--test", "send every receiver a test message; ends with 1 if one does not take it")
    .action(async (options: AlertsOptions) => {
      const client = clientFor(options);
      if (options.test !== true) {
        print(await client.get("AlertList", "/v1/alerts"), options, alertsText);
        return;
      }
      const outcome = await client.send("AlertTest", "POST", "/v1/alerts/test");
      print(outcome, options, testText);
      process.exitCode = outcome.receivers.every(({ error }) => error === null) ? 0 : 1;
    });
}

function alertsText({ alerts, receivers }: AdminDocument<"AlertList">): string {
  const now = new Date();
  const standing = alerts.map(
    ({ severity, rule, summary, started }) =>
      `${severity.toUpperCase()}  ${rule}: ${summary}, since ${localTime(started, now)}`,
  );
  const told = receivers.map(
    ({ name, delivered, lost, waiting }) =>
      `${name}: ${delivered} messages delivered, ${waiting} waiting, ${lost} given up`,
  );
  const first = standing.length === 0 ? ["No alert stands."] : standing;
  return [...first, ...(told.length === 0 ? [] : ["", ...told])].map(printable).join("\n");
}

function testText({ receivers }: AdminDocument<"AlertTest">): string {
  if (receivers.length === 0) return "There is no receiver: the configuration has no alerts.";
  return receivers.map(({ name, error }) => printable(`${name}: ${error ?? "took it"}`)).join("\n");
}
