/** Rate limits: named once, used by any number of routes, counted exactly over all workers. */
import * as z from "zod";
import { field } from "./field.ts";
import { choice, count, duration, flag, rate } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";
import { status, template } from "./texts.ts";

export const rateLimitSchema = z.strictObject({
  rate: field(rate(), "Requests per time, spread evenly: `100/s` lets one pass every 10ms, after the burst."),
  burst: field(count(0, 1_000_000).prefault(0), "Requests that may come at once beyond the even pace.", {
    hazard: "With 0 even two requests of one page at the same moment are too many.",
  }),
  key: field(
    template("route").prefault("${client.address}"),
    "Whom it counts: requests with the same key share one allowance.",
  ),
  action: field(
    choice(["reject", "delay"]).prefault("reject"),
    "What happens to a request that comes too early: refused, or held back until its time.",
  ),
  delayMax: field(
    duration(1).prefault("5s"),
    "Longest time a request is held back; beyond that it is refused.",
  ),
  status: field(status(400, 599).prefault(429), "Status of the refusal; it carries Retry-After."),
  headers: field(
    flag().prefault(true),
    "Whether answers carry RateLimit and X-RateLimit headers; while only observing they never do.",
  ),
  keysMax: field(
    count(1, 10_000_000).prefault(100_000),
    "Keys remembered; when there are more, those that have used least of their allowance are forgotten.",
    { reload: "restart" },
  ),
  mode: enforceOrObserve(),
});
