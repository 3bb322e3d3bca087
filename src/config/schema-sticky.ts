/** Sticky sessions: what binds a client to an endpoint, and what happens when that endpoint is gone. */
import * as z from "zod";
import { field } from "./field.ts";
import { choice, count, durationOrOff, duration, flag, text } from "./leaves.ts";
import { template } from "./texts.ts";

const cookieName = () => text("a cookie's name");

const common = {
  fallback: field(
    choice(["rebind", "reject"]).prefault("rebind"),
    "When the bound endpoint is gone: `rebind` chooses and binds another; `reject` answers 503.",
  ),
};

const inserted = z.strictObject({
  kind: field(
    z.literal("cookie"),
    "`cookie`: Headgate's own cookie names the endpoint, signed and without its address.",
  ),
  name: field(cookieName().prefault("headgate"), "The cookie's name."),
  path: field(text("a path").prefault("/"), "The cookie's Path."),
  domain: field(text("a domain").nullable().prefault(null), "The cookie's Domain.", { defaultText: "none" }),
  maxAge: field(
    durationOrOff().prefault("off"),
    "The cookie's Max-Age; `off` makes it end with the browser's session.",
  ),
  secure: field(flag().prefault(false), "The cookie's Secure attribute."),
  httpOnly: field(flag().prefault(true), "The cookie's HttpOnly attribute."),
  sameSite: field(choice(["lax", "strict", "none"]).prefault("lax"), "The cookie's SameSite attribute."),
  secret: field(
    text("a secret of at least 16 characters").nullable().prefault(null),
    "Signs the cookie; several Headgates need the same one.",
    {
      isSecret: true,
      defaultText: "made at start, so bindings end with the process",
    },
  ),
  ...common,
});

const route = z.strictObject({
  kind: field(
    z.literal("route"),
    "`route`: the application's own cookie, header or query says the endpoint's name.",
  ),
  value: field(
    template("request"),
    "Where the endpoint's name stands: `${request.cookie.JSESSIONID}`; what follows a dot in it counts, too.",
  ),
  ...common,
});

const learned = z.strictObject({
  kind: field(
    z.literal("learn"),
    "`learn`: a session the application starts is remembered with its endpoint.",
  ),
  response: field(template("response"), "The session in a response: `${response.header.x-session}`."),
  request: field(template("request"), "The session in later requests: `${request.cookie.session}`."),
  timeout: field(duration(1000).prefault("10m"), "How long an unused session is remembered."),
  sessionsMax: field(
    count(1, 10_000_000).prefault(100_000),
    "Most sessions remembered; the longest unused goes first.",
  ),
  ...common,
});

export const stickySchema = z.discriminatedUnion("kind", [inserted, route, learned]);
