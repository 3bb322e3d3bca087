/** Logs: the program's own, and the record of each exchange. */
import * as z from "zod";
import { field, oneOrMany, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, duration, share, text, textAs } from "./leaves.ts";
import { bodyTemplate, filePath, statuses } from "./texts.ts";

function logPath() {
  const allowed =
    "a path, stdout, syslog://host:514, syslog+tcp://host:601, syslog+tls://host:6514 or syslog+unix:/run/log.sock";
  return textAs(allowed, (input) => {
    if (input === "") return { allowed };
    if (/^syslog\+unix:\/[^/]/i.test(input)) return { value: input };
    if (!/^(?:[a-z+]+:\/\/|syslog(?:\+\w+)?:)/i.test(input)) return { value: input };
    const url = URL.canParse(input) ? new URL(input) : null;
    const isRight =
      url !== null &&
      /^syslog(?:\+tcp|\+tls)?:$/.test(url.protocol) &&
      url.hostname !== "" &&
      /^\/?$/.test(url.pathname + url.search);
    return isRight ? { value: input } : { allowed };
  });
}

export const logSchema = z.strictObject({
  level: field(
    choice(["debug", "info", "warn", "error"]).prefault("info"),
    "What is worth writing: `debug` adds every probe and every chosen endpoint.",
    {
      hazard: "`debug` writes at least one line per request.",
      reload: "restart",
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
    bodyTemplate("end").prefault("json"),
    "`json`, `logfmt`, `common`, `combined`, or a template of your own, whose lines become one.",
  ),
  path: field(
    logPath().prefault("stdout"),
    "A file (opened again on SIGUSR1), `stdout`, or RFC 5424 messages to `syslog://host:514` (UDP), `syslog+tcp://host:601` (octet counting), `syslog+tls://host:6514` (the same over TLS, the certificate verified) or `syslog+unix:/run/log.sock` (a stream socket; the datagram socket `/dev/log` cannot be reached).",
  ),
  ca: field(
    filePath().nullable().prefault(null),
    "PEM file of the authorities that the receiver of `syslog+tls` is verified by, instead of the system's.",
  ),
  share: field(share().prefault("100%"), "Share of exchanges written; failed ones are always written."),
  statuses: field(statuses().nullable().prefault(null), "Only exchanges with these statuses.", {
    defaultText: "all",
  }),
  slow: field(
    duration(0).nullable().prefault(null),
    "Exchanges that took at least so long are always written, as failed ones are.",
  ),
  exceptRoutes: field(
    oneOrMany(text("the name of a route")).prefault([]),
    "Routes whose exchanges are not written, unless they failed or were slow: those of health checks, say.",
  ),
  bufferLines: field(
    count(1, 1_000_000).prefault(10_000),
    "Lines kept while the disk is slow; further ones are dropped and counted.",
  ),
});
export const accessLogSchema = withShorthand(accessLogObject, "path", "a path, stdout, or an object");

export type LogConfig = Frozen<z.output<typeof logSchema>>;
export type AccessLogConfig = Frozen<z.output<typeof accessLogSchema>>;
