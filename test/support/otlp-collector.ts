/**
 * A stand-in for an OpenTelemetry collector: takes OTLP over HTTP in protobuf and keeps the spans. Its
 * decoder is its own, after the field numbers of opentelemetry-proto 1.x, so that it agrees with nobody by
 * accident.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Signal } from "./signal.ts";

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly state: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: ReadonlyMap<string, string | number | boolean>;
  /** 0 unset, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly resource: ReadonlyMap<string, string | number | boolean>;
}

interface Field {
  readonly number: number;
  readonly varint: bigint;
  readonly bytes: Buffer;
}

/** The fields of one message, in order (protobuf's wire format: tag, then a value by wire type). */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const octet = message.readUInt8(at++);
      value |= BigInt(octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > message.length) throw new RangeError("a field reaches beyond its message");
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === 0) fields.push({ number, varint: varint(), bytes: Buffer.alloc(0) });
    else {
      const length = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? Number(varint()) : Number.NaN;
      if (Number.isNaN(length)) throw new TypeError(`wire type ${wireType} is not used by OTLP`);
      fields.push({ number, varint: 0n, bytes: take(length) });
    }
  }
  return fields;
}

function all(message: Buffer, number: number): readonly Field[] {
  return fieldsOf(message).filter((field) => field.number === number);
}

function textOf(message: Buffer, number: number): string {
  return all(message, number)[0]?.bytes.toString("utf8") ?? "";
}

function hexOf(message: Buffer, number: number): string {
  return all(message, number)[0]?.bytes.toString("hex") ?? "";
}

function attributesOf(message: Buffer, number: number): ReadonlyMap<string, string | number | boolean> {
  return new Map(
    all(message, number).map(({ bytes }) => [textOf(bytes, 1), valueOf(all(bytes, 2)[0]?.bytes)]),
  );
}

function valueOf(value: Buffer | undefined): string | number | boolean {
  const [field] = value === undefined ? [] : fieldsOf(value);
  switch (field?.number) {
    case 1:
      return field.bytes.toString("utf8");
    case 2:
      return field.varint !== 0n;
    case 3:
      return Number(BigInt.asIntN(64, field.varint));
    case 4:
      return field.bytes.readDoubleLE(0);
    default:
      throw new TypeError(`an attribute's value of kind ${field?.number}`);
  }
}

function spansOf(request: Buffer): readonly ReceivedSpan[] {
  return all(request, 1).flatMap(({ bytes: resourceSpans }) => {
    const resource = attributesOf(all(resourceSpans, 1)[0]?.bytes ?? Buffer.alloc(0), 1);
    return all(resourceSpans, 2).flatMap(({ bytes: scopeSpans }) =>
      all(scopeSpans, 2).map(({ bytes }) => spanOf(bytes, resource)),
    );
  });
}

function spanOf(span: Buffer, resource: ReceivedSpan["resource"]): ReceivedSpan {
  const status = all(span, 15)[0]?.bytes ?? Buffer.alloc(0);
  return {
    traceId: hexOf(span, 1),
    spanId: hexOf(span, 2),
    state: textOf(span, 3),
    parentSpanId: hexOf(span, 4),
    name: textOf(span, 5),
    kind: Number(all(span, 6)[0]?.varint ?? 0n),
    startNanos: all(span, 7)[0]?.bytes.readBigUInt64LE() ?? 0n,
    endNanos: all(span, 8)[0]?.bytes.readBigUInt64LE() ?? 0n,
    attributes: attributesOf(span, 9),
    statusMessage: textOf(status, 2),
    statusCode: Number(all(status, 3)[0]?.varint ?? 0n),
    resource,
  };
}

export class OtlpCollector {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
  /** The status of its answers. */
  status = 200;
  url = "";
  readonly #changed = new Signal();

  static async start(t: TestContext): Promise<OtlpCollector> {
    const collector = new OtlpCollector();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        collector.requests.push({ url: request.url ?? "", headers: request.headers });
        if (collector.status === 200) collector.spans.push(...spansOf(Buffer.concat(chunks)));
        // An ExportTraceServiceResponse without a partial success is empty.
        response.writeHead(collector.status, { "content-type": "application/x-protobuf" }).end();
        collector.#changed.notify();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
    t.after(() => server.close().closeAllConnections());
    return collector;
  }

  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    return this.#changed.until(what, look);
  }
}
