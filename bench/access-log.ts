/**
 * What one line of the access log costs: nanoseconds per format, with a browser's headers and with a
 * bare client's, and the parts that were chosen over slower ones. `node bench/access-log.ts`
 */
import type { AccessRecord } from "../src/observability/access-log/access-record.ts";
import { jsonText } from "../src/observability/access-log/escape.ts";
import { lineFormatOf } from "../src/observability/access-log/line-format.ts";
import { LineWriter, type LineSink } from "../src/observability/access-log/line-writer.ts";
import { isoTime } from "../src/observability/access-log/time-text.ts";

const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const targets = Array.from(
  { length: 512 },
  (_, index) => `/assets/images/photo-${index}.webp?size=1200&v=${index * 7}`,
);
const started = 1_795_230_540_000;

/** Fresh strings, as a parser makes them: nothing is interned and no hash is known. */
function records(isBrowser: boolean): readonly AccessRecord[] {
  return Array.from({ length: 1024 }, (_, index) => {
    const headers = new Map(
      isBrowser
        ? [
            ["user-agent", Buffer.from(userAgent).toString("latin1")],
            ["referer", Buffer.from("https://www.example.com/gallery/summer").toString("latin1")],
          ]
        : [],
    );
    return {
      method: "GET",
      target: Buffer.from(targets[index % targets.length] ?? "/").toString("latin1"),
      host: Buffer.from("www.example.com").toString("latin1"),
      protocol: "HTTP/1.1",
      isSecure: false,
      clientAddress: "192.0.2.17",
      listenerName: "main",
      routeName: "static",
      poolName: "app",
      endpoint: { name: "10.0.0.1:8081" },
      status: 200,
      cause: null,
      detail: "",
      failedAttempts: [],
      requestBodyBytes: 0,
      responseBodyBytes: 1000 + index,
      startedWallMs: started + index * 0.013,
      durationMs: 0.2 + index * 0.000_37,
      queueMs: 0,
      connectMs: null,
      firstByteMs: 0.1 + index * 0.000_31,
      requestId: "",
      traceId: "",
      header: (name) => headers.get(name),
      responseHeader: () => undefined,
      capture: () => undefined,
      fact: () => undefined,
    };
  });
}

const octetSink: LineSink = {
  write(lines, done) {
    octets += lines.length;
    done(null);
  },
  reopen() {},
  close() {},
};
let octets = 0;

function measure(label: string, all: readonly AccessRecord[], run: (record: AccessRecord) => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 400; round++) {
    const from = process.hrtime.bigint();
    for (const record of all) run(record);
    const nanos = Number(process.hrtime.bigint() - from) / all.length;
    if (round >= 20) best = Math.min(best, nanos);
  }
  console.log(`${label.padEnd(52)} ${best.toFixed(0).padStart(6)} ns`);
}

const clock = { setTimer: () => ({ cancel() {} }) };
const template =
  '${client.address} ${time.iso} "${request.method} ${request.target}" ${response.status} ${time.duration_ms}';
for (const isBrowser of [false, true]) {
  const all = records(isBrowser);
  const who = isBrowser ? "browser" : "bare client";
  for (const format of ["json", "logfmt", "common", "combined", template]) {
    const line = lineFormatOf(format);
    const writer = new LineWriter({ sink: octetSink, clock, linesMax: 100_000 });
    const name = format === template ? "template" : format;
    measure(`${name}, ${who}, to octets`, all, (record) => writer.write(line(record)));
  }
}
const all = records(true);
let length = 0;
const writer = new LineWriter({ sink: octetSink, clock, linesMax: 100_000 });
measure("the same fields by JSON.stringify, browser", all, (record) => {
  const { method, target, host, status, durationMs, clientAddress: client, listenerName: listener } = record;
  const { requestBodyBytes: bytesIn, responseBodyBytes: bytesOut, firstByteMs, routeName: route } = record;
  const fields = {
    time: new Date(record.startedWallMs).toISOString(),
    client,
    listener,
    method,
    target,
    host,
  };
  const where = { route, pool: record.poolName, endpoint: record.endpoint?.name };
  const agent = { userAgent: record.header("user-agent"), referer: record.header("referer") };
  const rest = { protocol: record.protocol, status, bytesIn, bytesOut, durationMs, firstByteMs };
  writer.write(`${JSON.stringify({ ...fields, ...rest, ...where, ...agent })}\n`);
});
const jsonLine = lineFormatOf("json");
measure("json, browser, the line alone", all, (record) => void (length += jsonLine(record).length));
measure(
  "escape check of the user agent",
  all,
  (record) => void (length += jsonText(record.header("user-agent") ?? "").length),
);
measure(
  "JSON.stringify of the user agent",
  all,
  (record) => void (length += JSON.stringify(record.header("user-agent")).length),
);
measure("time by table", all, (record) => void (length += isoTime(record.startedWallMs).length));
measure(
  "time by Date.toISOString",
  all,
  (record) => void (length += new Date(record.startedWallMs).toISOString().length),
);
console.log(`(${octets} octets, ${length} characters)`);
