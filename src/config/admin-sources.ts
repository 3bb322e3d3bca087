/** Where endpoints come from, as the admin API shows it. */
import * as z from "zod";
import { count, time } from "./admin-scalars.ts";

/** Of one endpoint. */
export const endpointOrigin = z.enum(["configuration", "operator", "source"]).meta({
  description:
    "Who brought it: it is listed in the configuration, an operator added it at run time, or the pool's source found it.",
});

/** Of one pool. */
export const poolSource = z
  .object({
    kind: z.enum(["file", "dns", "srv", "http"]),
    text: z.string().meta({ description: "Where it looks: `dns app.example.com:8081`." }),
    state: z
      .enum(["waiting", "good", "failing"])
      .meta({ description: "While it fails, the endpoints of its last good answer stay." }),
    reason: z.string().nullable().meta({ description: "Why it fails; null unless it does." }),
    successes: count,
    failures: count,
    lastSuccess: time.nullable(),
    endpoints: count.meta({ description: "In its last good answer." }),
  })
  .nullable()
  .meta({ description: "Where the pool finds further endpoints; null without a source." });
