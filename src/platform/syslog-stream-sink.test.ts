import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Signal } from "../../test/support/signal.ts";
import type { WholeLineSink } from "./log-sink.ts";
import { tcpSyslogSink, unixSyslogSink } from "./syslog-stream-sink.ts";

class Receiver {
  text = "";
  readonly sockets: Socket[] = [];
  readonly changed = new Signal();
  readonly server: Server = createServer((socket) => {
    this.sockets.push(socket);
    socket.on("error", () => {}).on("close", () => this.changed.notify());
    socket.on("data", (octets: Buffer) => {
      this.text += octets.toString("utf8");
      this.changed.notify();
    });
    this.changed.notify();
  });

  static async start(t: TestContext, place: number | string): Promise<Receiver> {
    const receiver = new Receiver();
    if (typeof place === "number") receiver.server.listen(place, "127.0.0.1");
    else receiver.server.listen(place);
    await once(receiver.server, "listening");
    t.after(() => receiver.stop());
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  async until(text: string): Promise<void> {
    await this.changed.until(JSON.stringify(text), () => this.text === text);
  }
}

function written(sink: WholeLineSink, lines: string): Promise<Error | null> {
  return new Promise((resolve) => sink.write(Buffer.from(lines), resolve));
}

test("over TCP each message is led by its length in octets", async (t) => {
  const receiver = await Receiver.start(t, 0);
  const sink = tcpSyslogSink("127.0.0.1", receiver.port);
  t.after(() => sink.close());
  assert.equal(await written(sink, "<134>1 one\n<134>1 zwölf\n"), null);
  assert.equal(await written(sink, "three\n"), null);
  await receiver.until("10 <134>1 one13 <134>1 zwölf5 three");
  assert.equal(receiver.sockets.length, 1);
});

test("over a unix stream socket each message is a line", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-syslog-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "log.sock");
  const receiver = await Receiver.start(t, path);
  const sink = unixSyslogSink(path);
  t.after(() => sink.close());
  assert.equal(await written(sink, "one\ntwo\n"), null);
  await receiver.until("one\ntwo\n");
});

test("a receiver that is not there costs the lines; one that comes back is found again", async (t) => {
  const first = await Receiver.start(t, 0);
  const { port } = first;
  const sink = tcpSyslogSink("127.0.0.1", port);
  t.after(() => sink.close());
  await written(sink, "one\n");
  await first.until("3 one");
  first.stop();
  await once(first.server, "close");
  // Until the end has been noticed a write may still be taken.
  let error: Error | null = null;
  for (let i = 0; error === null && i < 50; i++) error = await written(sink, "lost\n");
  assert.match(String(error), /ECONNREFUSED|ECONNRESET|EPIPE|closed/);
  const second = await Receiver.start(t, port);
  while ((await written(sink, "back\n")) !== null);
  await second.until("4 back");
});
