/**
 * An access record seen as the scope that templates are evaluated against. One scope serves all records
 * of a format in turn, so a line allocates no scope of its own.
 */
import type { ExchangeFact, TemplateScope } from "../../core/template-scope.ts";
import type { AccessRecord } from "./access-record.ts";

export class RecordScope implements TemplateScope {
  /** The record being written. */
  record: AccessRecord;

  constructor(record: AccessRecord) {
    this.record = record;
  }

  get method(): string {
    return this.record.method;
  }
  get target(): string {
    return this.record.target;
  }
  get path(): string {
    const { target } = this.record;
    const end = target.indexOf("?");
    return end < 0 ? target : target.slice(0, end);
  }
  get query(): string {
    const { target } = this.record;
    const start = target.indexOf("?");
    return start < 0 ? "" : target.slice(start + 1);
  }
  get host(): string {
    return this.record.host.replace(/:[0-9]*$/, "").toLowerCase();
  }
  get clientAddress(): string {
    return this.record.clientAddress;
  }
  get isSecure(): boolean {
    return this.record.isSecure;
  }
  get listener(): string {
    return this.record.listenerName;
  }
  header(lowerName: string): string | undefined {
    return this.record.header(lowerName);
  }
  capture(name: string): string | undefined {
    return this.record.capture(name);
  }
  responseHeader(lowerName: string): string | undefined {
    return this.record.responseHeader(lowerName);
  }
  /** The end of the exchange: when the line is written. */
  wallMs(): number {
    return this.record.startedWallMs + this.record.durationMs;
  }
  fact(name: ExchangeFact): string | number | undefined {
    const { record } = this;
    switch (name) {
      case "request.protocol":
        return record.protocol;
      case "request.id":
        // Where requests are given none, the record makes one for whoever asks.
        return record.requestId === "" ? record.fact(name) : record.requestId;
      case "trace.id":
        return record.traceId;
      case "route.name":
        return record.routeName;
      case "pool.name":
        return record.poolName;
      case "endpoint.name":
        return record.endpoint?.name;
      case "response.status":
        return record.status;
      case "response.cause":
        return record.cause ?? "";
      case "response.body_bytes":
        return record.responseBodyBytes;
      case "time.duration_ms":
        return record.durationMs;
      default:
        return record.fact(name);
    }
  }
}
