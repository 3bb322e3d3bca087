/** Active health checks: what is asked of an endpoint, how often, and how many answers turn its state. */
import * as z from "zod";
import { field, withShorthand } from "./field.ts";
import type { Frozen } from "./field.ts";
import { choice, count, duration, share, text } from "./leaves.ts";
import { enforceOrObserve } from "./mode.ts";
import { headerName, headerValue, hostName, statuses } from "./texts.ts";

const healthObject = z.strictObject({
  kind: field(
    choice(["http", "tcp", "grpc"]).prefault("http"),
    "`http` asks for a path and looks at the status; `tcp` only connects; `grpc` calls `grpc.health.v1.Health/Check` over HTTP/2.",
  ),
  path: field(text("a path such as /health").prefault("/"), "What an `http` probe asks for.", {
    hazard:
      "A path that checks the application's own dependencies takes every endpoint out at once when a dependency fails.",
  }),
  method: field(choice(["GET", "HEAD", "OPTIONS"]).prefault("GET"), "The method of an `http` probe."),
  service: field(text().nullable().prefault(null), "The service that a `grpc` probe asks about.", {
    defaultText: "the server as a whole",
  }),
  interval: field(duration(10).prefault("5s"), "Time between two probes of one endpoint."),
  downInterval: field(
    duration(10).nullable().prefault(null),
    "Time between two probes of an endpoint that is down.",
    { defaultText: "interval" },
  ),
  timeout: field(
    duration(1).prefault("2s"),
    "Time a probe has from connecting to the end of the response head.",
  ),
  jitter: field(
    share().prefault("10%"),
    "Random part of the interval, so that probes do not fall into step.",
  ),
  rise: field(count(1, 1000).prefault(1), "Successes in a row that bring an endpoint back."),
  fall: field(count(1, 1000).prefault(3), "Failures in a row that take an endpoint out.", {
    hazard: "With 1, a single lost packet takes an endpoint out.",
  }),
  expectedStatus: field(
    statuses().prefault(["200-399"]),
    "Statuses that count as success: `200`, `2xx`, `200-399`, or a list.",
  ),
  expectedBody: field(
    text().nullable().prefault(null),
    "A text that must occur in the first 64 KiB of the answer's body.",
  ),
  host: field(
    hostName().nullable().prefault(null),
    "Host header of an `http` probe, `:authority` of a `grpc` probe.",
    {
      defaultText: "the endpoint's own name",
    },
  ),
  headers: field(
    z.record(headerName(), headerValue()).prefault({}),
    "Further headers of an `http` probe, metadata of a `grpc` probe.",
  ),
  port: field(
    count(1, 65_535).nullable().prefault(null),
    "Port to probe, if it is not the one that takes traffic.",
    { defaultText: "the endpoint's port" },
  ),
  mode: enforceOrObserve(),
});

/** A path alone is enough. */
export const healthSchema = withShorthand(healthObject, "path", "a path, or a section");

export type HealthConfig = Frozen<z.output<typeof healthSchema>>;
