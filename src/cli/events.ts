/** `headgate events`: what a running Headgate noticed and did, the latest first or as it happens. */
import type { Command } from "commander";
import type { AdminDocument } from "../config/admin-documents.ts";
import { addAdminOptions, type AdminOptions, clientFor } from "./admin-verb.ts";
import { wholeNumber } from "./option-values.ts";
import { localTime } from "./table.ts";

interface EventsOptions extends AdminOptions {
  readonly follow?: boolean;
  readonly last: number;
}

export function addEventsVerb(program: Command): void {
  addAdminOptions(program.command("events"))
    .description("show the latest events: endpoints down and up, reloads, operators' doings")
    .option("-f, --follow", "go on with those to come, until Ctrl-C")
    .option("-n, --last <count>", "how many of the past", wholeNumber, 20)
    .action(async (options: EventsOptions) => {
      const client = clientFor(options);
      const { events } = await client.get("EventList", "/v1/events");
      const tell = (event: AdminDocument<"Event">): void =>
        console.log(options.json === true ? JSON.stringify(event) : eventLine(event));
      for (const event of options.last === 0 ? [] : events.slice(-options.last)) tell(event);
      if (options.follow === true)
        await client.follow(`/v1/events/stream?after=${events.at(-1)?.id ?? 0}`, tell);
    });
}

function eventLine(event: AdminDocument<"Event">): string {
  const level = event.level === "info" ? "" : `${event.level.toUpperCase()} `;
  const pool = event.pool === undefined ? "" : `${event.pool}: `;
  const origin = event.origin === undefined ? "" : ` (${event.origin})`;
  return `${localTime(event.time, new Date())} ${level}${pool}${event.message}${origin}`;
}
