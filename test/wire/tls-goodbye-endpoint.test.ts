/**
 * How Headgate ends TLS connections to endpoints, and those of clients on a `tcp` listener: in order with close_notify,
 * in vain without.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { testCertificatePem, testKeyPem } from "../support/certificates.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { okAnswer } from "../support/raw-origin.ts";
import { startRig, testOverTransports } from "../support/rig.ts";
import { Signal } from "../support/signal.ts";
import { startProxy } from "../support/start-proxy.ts";
import { connectWitness, RecordLog } from "../support/tls-records.ts";
import { ca, localhost } from "../support/tls-rig.ts";
import { connectRaw } from "../support/raw-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface WatchedEndpoint extends AsyncDisposable {
  readonly port: number;
  /** A request has come. */
  readonly asked: Promise<void>;
  /** How Headgate left its first connection. */
  left(): Promise<"goodbye" | "cut">;
}

/** A TLS endpoint behind a wire that is listened in on. `answer` goes out for whatever comes. */
async function startWatched(maxVersion: tls.SecureVersion, answer: string | null): Promise<WatchedEndpoint> {
  const sockets: net.Socket[] = [];
  const asked = Promise.withResolvers<void>();
  const server = tls.createServer({ cert: testCertificatePem, key: testKeyPem, maxVersion }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      asked.resolve();
      if (answer !== null) socket.write(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const changed = new Signal();
  const records = new RecordLog();
  let hasEnded = false;
  const wire = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (bytes: Buffer) => records.take(bytes));
    for (const event of ["end", "error"]) near.on(event, () => ((hasEnded = true), changed.notify()));
    far.on("error", () => {});
    near.pipe(far).pipe(near);
  });
  wire.listen(0, "127.0.0.1");
  await once(wire, "listening");
  return {
    port: (wire.address() as net.AddressInfo).port,
    asked: asked.promise,
    left: async () => {
      await changed.until("the end of the connection to the endpoint", () => hasEnded);
      return records.endsWithGoodbye ? "goodbye" : "cut";
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void wire.close(resolve));
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const closing = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

const endpointCases = [
  ["idle for as long as it may be", okAnswer, "goodbye"],
  ["whose listener's Headgate stops", okAnswer, "goodbye"],
  ["whose endpoint wants no more requests", closing, "goodbye"],
  ["whose request was given up", null, "cut"],
] as const;

for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
  for (const [name, answer, leave] of endpointCases) {
    testOverTransports(`${maxVersion}: a connection to an endpoint ${name}: ${leave}`, async (transport) => {
      await using endpoint = await startWatched(maxVersion, answer);
      const clock = new VirtualClock();
      const proxy = await startProxy({
        transport,
        clock,
        origins: [`https://127.0.0.1:${endpoint.port}`],
        pool: { tls: { insecure: true } },
      });
      const client = await connectRaw(proxy.port);
      try {
        client.send(get);
        if (answer === null) {
          await endpoint.asked;
          client.reset();
        } else {
          await client.readResponse();
        }
        if (name.startsWith("idle")) clock.advance(600_000);
        if (name.startsWith("whose listener")) await proxy.close();
        assert.equal(await endpoint.left(), leave);
      } finally {
        client.destroy();
        await proxy.close();
      }
    });
  }

  testOverTransports(
    `${maxVersion}: a tcp listener passes ends on as close_notify, resets not`,
    async (transport) => {
      using folder = new CertificateFolder();
      const certificates = [folder.pair("localhost", localhost)];
      const ends = ["endpoint", "client", "reset"] as const;
      for (const end of ends) {
        await using rig = await startRig({
          transport,
          behaviours: [{ isReadingRequests: false, onBytes: (connection) => connection.write("pong") }],
          listener: { protocol: "tcp", pool: "app", tls: { certificates } },
        });
        const witness = await connectWitness(rig.proxy.port, { ca, maxVersion });
        witness.client.send("ping");
        await witness.client.readUntil("pong");
        const [origin] = rig.origin.connections;
        if (end === "endpoint") origin?.end("last");
        else if (end === "client") {
          witness.client.end();
          await rig.origin.awaitDeparture();
          origin?.end();
        } else origin?.reset();
        assert.equal(await witness.leave(), end === "reset" ? "cut" : "goodbye", end);
        witness.destroy();
      }
    },
  );
}
