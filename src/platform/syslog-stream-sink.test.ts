import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { createServer as createTlsServer } from "node:tls";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../../test/support/certificates.ts";
import { Signal } from "../../test/support/signal.ts";
import type { WholeLineSink } from "./log-sink.ts";
import { tcpSyslogSink, tlsSyslogSink, unixSyslogSink } from "./syslog-stream-sink.ts";

class Receiver {
  text = "";
  readonly sockets: Socket[] = [];
  readonly changed = new Signal();
  readonly server: Server;

  constructor(hasTls: boolean) {
    const take = (socket: Socket): void => this.#take(socket);
    const identity = { cert: testCertificatePem, key: testKeyPem };
    this.server = hasTls
      ? createTlsServer(identity, take).on("tlsClientError", () => {})
      : createServer(take);
  }

  #take(socket: Socket): void {
    this.sockets.push(socket);
    socket.on("error", () => {}).on("close", () => this.changed.notify());
    socket.on("data", (octets: Buffer) => {
      this.text += octets.toString("utf8");
      this.changed.notify();
    });
    this.changed.notify();
  }

  static async start(t: TestContext, place: number | string, hasTls = false): Promise<Receiver> {
    const receiver = new Receiver(hasTls);
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

test("over TLS, too, to a receiver that a given authority vouches for", async (t) => {
  const receiver = await Receiver.start(t, 0, true);
  for (const host of ["localhost", "127.0.0.1"]) {
    const sink = tlsSyslogSink(host, receiver.port, testAuthorityPem);
    receiver.text = "";
    assert.equal(await written(sink, "<134>1 zwölf\n<134>1 two\n"), null);
    assert.equal(await written(sink, "three\n"), null);
    await receiver.until("13 <134>1 zwölf10 <134>1 two5 three");
    sink.close();
  }
  assert.equal(receiver.sockets.length, 2);
});

for (const [what, host, caPem, reason] of [
  ["that nobody trusts", "localhost", null, /unable to (?:verify|get)|self.signed/],
  ["with another's certificate", "127.0.0.2", testAuthorityPem, /does not match certificate's altnames/],
] as const) {
  test(`a receiver ${what} is told nothing`, async (t) => {
    const receiver = await Receiver.start(t, 0, true);
    // All of 127.0.0.0/8 is this machine.
    const server = createServer((socket) => {
      const through = connect(receiver.port, "127.0.0.1").on("error", () => {});
      socket
        .on("error", () => {})
        .pipe(through)
        .pipe(socket);
    }).listen(0, host === "localhost" ? "127.0.0.1" : host);
    await once(server, "listening");
    t.after(() => server.close());
    const sink = tlsSyslogSink(host, (server.address() as AddressInfo).port, caPem);
    t.after(() => sink.close());
    assert.match(String(await written(sink, "secret\n")), reason);
    assert.equal(receiver.text, "");
  });
}

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
