/** What a route does to a request or a response: answer, redirect, rewrite, change headers, protect. */
import * as z from "zod";
import { field, oneOrMany, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { count, duration, flag, share, size, text } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";
import {
  bodyTemplate,
  cidr,
  filePath,
  headerName,
  name,
  regex,
  status,
  statuses,
  template,
} from "./texts.ts";

const redirectObject = z.strictObject({
  to: field(template("route"), "Where to: a template such as `https://${request.host}${request.target}`."),
  status: field(
    status(300, 399).prefault(302),
    "Status of the redirect: 301 and 308 are kept by browsers for good; 307 and 308 keep the method.",
    {
      hazard: "Browsers remember 301 and 308: a wrong one cannot be taken back.",
    },
  ),
});
export const redirectSchema = withShorthand(redirectObject, "to", "a template or an object with to");

export const respondSchema = z.strictObject({
  status: field(status().prefault(200), "Status of the answer."),
  body: field(bodyTemplate("route").prefault(""), "Body of the answer; a template."),
  contentType: field(text().prefault("text/plain; charset=utf-8"), "Content-Type of the answer."),
  headers: field(z.record(headerName(), template("route")).prefault({}), "Further headers of the answer."),
});

const regexRewrite = z.strictObject({
  match: field(regex(), "What is looked for in the path."),
  replace: field(template("route"), "What stands in its place; `$1` and `${capture.name}` are the groups."),
});

export const rewriteSchema = z.strictObject({
  stripPrefix: field(
    text("a path").nullable().prefault(null),
    "Taken off the beginning of the path, if it is there.",
  ),
  addPrefix: field(text("a path").nullable().prefault(null), "Put before the path."),
  path: field(template("route").nullable().prefault(null), "The new path altogether; a template."),
  regex: field(oneOrMany(regexRewrite).prefault([]), "Replacements, one after the other."),
  query: field(
    z.record(z.string(), template("route").nullable()).prefault({}),
    "Query parameters to set, or to remove with `null`.",
  ),
  host: field(template("route").nullable().prefault(null), "The Host header the endpoint sees."),
  method: field(text("a method").nullable().prefault(null), "The method the endpoint sees."),
});

const headerChanges = (stage: "route" | "response") =>
  z.strictObject({
    set: field(
      z.record(headerName(), template(stage)).prefault({}),
      "Headers to set, in place of any that are there.",
    ),
    add: field(
      z.record(headerName(), template(stage)).prefault({}),
      "Headers to add beside any that are there.",
    ),
    remove: field(z.array(headerName()).prefault([]), "Headers to remove."),
    rename: field(z.record(headerName(), headerName()).prefault({}), "Headers to rename: from, to."),
  });

/** Changes to the request, evaluated before an endpoint is chosen. */
export const requestHeaderChanges = headerChanges("route");
/** Changes to the response, when its head has arrived. */
export const responseHeaderChanges = headerChanges("response");

export const basicAuthSchema = z.strictObject({
  realm: field(text().prefault("restricted"), "What the browser shows when it asks."),
  users: field(
    z.record(text(), field(text("a password hash"), "The hash.", { isSecret: true })).prefault({}),
    "Users and their password hashes: `scrypt:<salt>:<key>` or `sha256:<salt>:<digest>` (base64), or `plain:<password>`.",
  ),
  file: field(filePath().nullable().prefault(null), "A file of `user:hash` lines, read in addition."),
});

export const accessSchema = z.strictObject({
  allow: field(
    z.array(cidr()).prefault([]),
    "Client networks that are let in; when given, all others are refused with 403.",
  ),
  deny: field(
    z.array(cidr()).prefault([]),
    "Client networks that are refused with 403, even if allowed above.",
  ),
  mode: enforceOrObserve(),
});

export const splitSchema = z.strictObject({
  pools: field(
    z.record(name("pool"), count(0, 1_000_000)),
    "Pools and their weights: `{ stable: 95, canary: 5 }`.",
  ),
  by: field(
    template("route").nullable().prefault(null),
    "Requests with the same value of this template go to the same pool.",
    { defaultText: "at random" },
  ),
  cookie: field(
    text("a cookie's name").nullable().prefault(null),
    "A cookie that keeps a client with the pool it was first given.",
  ),
});

export const mirrorSchema = z.strictObject({
  pool: field(name("pool"), "The pool that receives the copies; its answers are thrown away."),
  share: field(share().prefault("100%"), "Share of requests copied."),
  bodyBytes: field(size(0).prefault("64KiB"), "Requests with a longer body are not copied."),
  concurrency: field(
    count(1, 100_000).prefault(100),
    "Most copies in flight in one worker; further ones are dropped and counted.",
  ),
});

const delayFault = z.strictObject({
  duration: field(duration(1), "How long the request is held back."),
  share: field(share().prefault("100%"), "Share of requests concerned."),
});

const abortFault = z.strictObject({
  status: field(status(400, 599).prefault(503), "Status answered instead of asking an endpoint."),
  share: field(share().prefault("100%"), "Share of requests concerned."),
});

export const faultsSchema = z.strictObject({
  delay: field(delayFault.nullable().prefault(null), "Delays some requests."),
  abort: field(abortFault.nullable().prefault(null), "Answers some requests with an error."),
  mode: enforceOrObserve(),
});

export const errorPageSchema = z.strictObject({
  statuses: field(statuses(), "The statuses this page stands for."),
  body: field(bodyTemplate("response").prefault(""), "Body of the page; a template."),
  contentType: field(text().prefault("text/html; charset=utf-8"), "Content-Type of the page."),
  status: field(status().nullable().prefault(null), "Status sent instead.", {
    defaultText: "the status itself",
  }),
  replaceUpstream: field(
    flag().prefault(false),
    "Whether answers of endpoints with that status are replaced, too, not only those made by Headgate.",
  ),
});

export type RedirectConfig = Frozen<z.output<typeof redirectSchema>>;
export type RespondConfig = Frozen<z.output<typeof respondSchema>>;
export type RewriteConfig = Frozen<z.output<typeof rewriteSchema>>;
export type HeaderChangesConfig = Frozen<z.output<typeof requestHeaderChanges>>;
export type BasicAuthConfig = Frozen<z.output<typeof basicAuthSchema>>;
export type AccessConfig = Frozen<z.output<typeof accessSchema>>;
export type SplitConfig = Frozen<z.output<typeof splitSchema>>;
export type MirrorConfig = Frozen<z.output<typeof mirrorSchema>>;
export type FaultsConfig = Frozen<z.output<typeof faultsSchema>>;
export type ErrorPageConfig = Frozen<z.output<typeof errorPageSchema>>;
