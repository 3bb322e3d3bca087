/** The seam to whoever carries spans away; `otlp-exporter.ts` does it in production. */
import type { SpanRecord } from "./spans.ts";

export interface SpanExporter {
  /** Resolves when the spans were taken; rejects when they are lost. Ends in bounded time. */
  send(spans: readonly SpanRecord[]): Promise<void>;
  close(): Promise<void>;
}
