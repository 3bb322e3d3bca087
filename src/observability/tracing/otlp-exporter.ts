/**
 * Carries spans to a collector as OTLP over HTTP in protobuf, through OpenTelemetry's own exporter. Those
 * packages are loaded when the first exporter is made and never before: they take 26 MB and 140 ms. The
 * SDK's tracer is not used, because ids were chosen and sent on long before a span reaches this file.
 */
import type { HrTime, SpanContext, TraceState } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { SpanExporter } from "./span-exporter.ts";
import type { SpanRecord, SpanRole } from "./spans.ts";

export interface OtlpSettings {
  /** Whole, such as `http://collector:4318/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For one batch, repetitions included. */
  readonly timeoutMs: number;
  /** `service.name`. */
  readonly service: string;
  /** Further attributes of the resource. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** OpenTelemetry's numbers for the kinds of spans and their outcome. */
const kinds = { internal: 0, server: 1, client: 2 } as const satisfies Record<SpanRole, number>;
const status = { unset: { code: 0 }, error: 2 } as const;
const sampledFlag = 1;
const randomFlag = 2;

export async function otlpExporter(settings: OtlpSettings): Promise<SpanExporter> {
  const [{ OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-proto"),
    import("@opentelemetry/resources"),
  ]);
  const { url, headers, timeoutMs, service, attributes } = settings;
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: timeoutMs });
  const resource = resourceFromAttributes({ "service.name": service, ...attributes });
  return {
    send: (spans) =>
      new Promise((resolve, reject) => {
        const readable = spans.map((span) => readableSpan(span, resource));
        exporter.export(readable, ({ error }) => (error === undefined ? resolve() : reject(error)));
      }),
    close: () => exporter.shutdown(),
  };
}

function readableSpan(span: SpanRecord, resource: Resource): ReadableSpan {
  const own = contextOf(span, span.spanId);
  const parent = { ...contextOf(span, span.parentSpanId), isRemote: span.isParentRemote };
  return {
    name: span.name,
    kind: kinds[span.role],
    spanContext: () => own,
    ...(span.parentSpanId === "" ? {} : { parentSpanContext: parent }),
    startTime: hrTime(span.startWallMs),
    endTime: hrTime(span.startWallMs + span.durationMs),
    duration: hrTime(span.durationMs),
    status: span.error === null ? status.unset : { code: status.error, message: span.error },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: "headgate" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf({ traceId, isRandom, state }: SpanRecord, spanId: string): SpanContext {
  const traceFlags = sampledFlag | (isRandom ? randomFlag : 0);
  return { traceId, spanId, traceFlags, ...(state === "" ? {} : { traceState: passedOn(state) }) };
}

/** The vendors' list as it came, for a serialiser that wants nothing else of it. */
function passedOn(state: string): TraceState {
  const itself: TraceState = {
    get: () => undefined,
    set: () => itself,
    unset: () => itself,
    serialize: () => state,
  };
  return itself;
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
