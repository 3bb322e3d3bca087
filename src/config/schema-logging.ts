/** Logs: the program's own, and the record of each exchange. */
import * as z from "zod";
import { field, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, share, text } from "./leaves.ts";
import { statuses } from "./texts.ts";

export const logSchema = z.strictObject({
  level: field(
    choice(["debug", "info", "warn", "error"]).prefault("info"),
    "What is worth writing: `debug` adds every probe and every chosen endpoint.",
    {
      hazard: "`debug` writes at least one line per request.",
    },
  ),
  format: field(
    choice(["auto", "json", "pretty"]).prefault("auto"),
    "`auto` is pretty on a terminal and JSON otherwise.",
    { reload: "restart" },
  ),
});

const accessLogObject = z.strictObject({
  format: field(
    text("a format").prefault("json"),
    "`json`, `logfmt`, `common`, `combined`, or a template of your own.",
  ),
  path: field(text("a path, or stdout").prefault("stdout"), "A file (opened again on SIGUSR1), or `stdout`."),
  share: field(share().prefault("100%"), "Share of exchanges written; failed ones are always written."),
  statuses: field(statuses().nullable().prefault(null), "Only exchanges with these statuses.", {
    defaultText: "all",
  }),
  bufferLines: field(
    count(1, 1_000_000).prefault(10_000),
    "Lines kept while the disk is slow; further ones are dropped and counted.",
  ),
});
export const accessLogSchema = withShorthand(accessLogObject, "path", "a path, stdout, or an object");

export type LogConfig = Frozen<z.output<typeof logSchema>>;
export type AccessLogConfig = Frozen<z.output<typeof accessLogSchema>>;
