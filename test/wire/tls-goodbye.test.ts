/**
 * How TLS connections of clients end: in order with close_notify (RFC 8446 §6.1, RFC 5246 §7.2.1), so that a client
 * knows it has everything; without it where an answer is broken off, so that it knows that, too.
 */
import assert from "node:assert/strict";
import type { ByteStream } from "../../src/core/transport.ts";
import { clientPreface, FrameClient, get as get2, ping, settings, type } from "../support/frame-client.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { okAnswer, type OriginOptions } from "../support/raw-origin.ts";
import { type Rig, type RigOptions, testOverTransports } from "../support/rig.ts";
import { turns } from "../support/signal.ts";
import { connectWitness, type TlsWitness } from "../support/tls-records.ts";
import { ca, startTls } from "../support/tls-rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface Stage {
  readonly rig: Rig;
  readonly clock: VirtualClock;
  readonly witness: TlsWitness;
}

interface EndingCase {
  readonly name: string;
  readonly options?: RigOptions;
  readonly origin?: OriginOptions;
  /** Leads to the end of the connection. */
  readonly act: (stage: Stage) => Promise<unknown>;
  readonly leave: "goodbye" | "cut";
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const getAndClose = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const switching = "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n";
const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n";

async function answered({ witness }: Stage, request: string, status: number): Promise<void> {
  witness.client.send(request);
  assert.equal((await witness.client.readResponse()).status, status);
}

const endingCases: readonly EndingCase[] = [
  {
    name: "an answer to a client that asked for the end",
    act: (stage) => answered(stage, getAndClose, 200),
    leave: "goodbye",
  },
  {
    name: "an answer to an upload by a client that asked for the end",
    act: (stage) =>
      answered(
        stage,
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody",
        200,
      ),
    leave: "goodbye",
  },
  {
    name: "a large answer to a client that asked for the end",
    origin: {
      respond: () => `HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n${"x".repeat(3_000_000)}`,
    },
    act: (stage) => answered(stage, getAndClose, 200),
    leave: "goodbye",
  },
  {
    name: "an answer to HTTP/1.0 without a length",
    origin: { respond: (_request, connection) => connection.end("HTTP/1.1 200 OK\r\n\r\nall of it") },
    act: (stage) => answered(stage, "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 200),
    leave: "goodbye",
  },
  {
    name: "the last of the requests that one connection may carry",
    options: { listener: { keepAliveRequests: 2 } },
    act: async (stage) => {
      await answered(stage, get, 200);
      await answered(stage, get, 200);
    },
    leave: "goodbye",
  },
  {
    name: "an answer of Headgate's own",
    options: { config: { routes: [{ match: { path: "/other" }, pool: "app" }] } },
    act: (stage) => answered(stage, getAndClose, 404),
    leave: "goodbye",
  },
  {
    name: "the refusal of a head",
    act: (stage) => answered(stage, "nonsense\r\n\r\n", 400),
    leave: "goodbye",
  },
  {
    name: "the refusal of a body that goes on",
    options: { listener: { limits: { bodyBytes: 10 } } },
    act: (stage) =>
      answered(stage, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nbeginning", 413),
    leave: "goodbye",
  },
  {
    name: "a head that does not come in time",
    options: { listener: { timeouts: { head: "10s" } } },
    act: async (stage) => {
      stage.witness.client.send("GET / HTT");
      await turns(20);
      stage.clock.advance(10_500);
      assert.equal((await stage.witness.client.readResponse()).status, 408);
    },
    leave: "goodbye",
  },
  {
    name: "an idle connection whose time is over",
    act: async (stage) => {
      await answered(stage, get, 200);
      stage.clock.advance(80_000);
    },
    leave: "goodbye",
  },
  {
    name: "an idle connection of a listener that stops",
    act: async (stage) => {
      await answered(stage, get, 200);
      void stage.rig.proxy.drain();
      stage.clock.advance(1200);
    },
    leave: "goodbye",
  },
  {
    name: "an idle connection when the grace time is over",
    act: async (stage) => {
      await answered(stage, get, 200);
      await stage.rig.proxy.close();
    },
    leave: "goodbye",
  },
  {
    name: "a client that says goodbye first",
    act: async (stage) => {
      await answered(stage, get, 200);
      stage.witness.client.end();
    },
    leave: "goodbye",
  },
  {
    name: "a client that says goodbye without a request",
    act: async ({ witness }) => witness.client.end(),
    leave: "goodbye",
  },
  {
    name: "a tunnel that the endpoint ends",
    origin: { respond: () => switching },
    act: async (stage) => {
      await answered(stage, upgrade, 101);
      stage.rig.origin.connections[0]?.end("last words");
    },
    leave: "goodbye",
  },
  {
    name: "a tunnel that both sides end",
    origin: { respond: () => switching },
    act: async (stage) => {
      await answered(stage, upgrade, 101);
      stage.witness.client.end();
      await stage.rig.origin.awaitDeparture();
      stage.rig.origin.connections[0]?.end("last words");
    },
    leave: "goodbye",
  },
  {
    name: "a tunnel that the endpoint resets",
    origin: { respond: () => switching },
    act: async (stage) => {
      await answered(stage, upgrade, 101);
      stage.rig.origin.connections[0]?.reset();
    },
    leave: "cut",
  },
  {
    name: "an answer whose endpoint dies in the middle of it",
    origin: {
      respond: (_request, connection) =>
        connection.end("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbeginning"),
    },
    act: async ({ witness }) => {
      witness.client.send(getAndClose);
      await witness.client.readUntil("beginning");
    },
    leave: "cut",
  },
  {
    name: "an answer to HTTP/1.0 whose endpoint dies in the middle of it",
    origin: {
      respond: (_request, connection) =>
        connection.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbeginning\r\n"),
    },
    act: async ({ witness }) => {
      witness.client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
      await witness.client.readUntil("beginning");
    },
    leave: "cut",
  },
  {
    name: "an answer under way when the grace time is over",
    origin: { respond: () => "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbeginning" },
    act: async ({ rig, witness }) => {
      witness.client.send(get);
      await witness.client.readUntil("beginning");
      await rig.proxy.close();
    },
    leave: "cut",
  },
];

for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
  for (const { name, options, origin, act, leave } of endingCases) {
    const how = leave === "goodbye" ? "with close_notify" : "without";
    testOverTransports(`${maxVersion}: ${name} ends ${how}`, async (transport) => {
      using folder = new CertificateFolder();
      const clock = new VirtualClock();
      const behaviours = [origin ?? { respond: () => okAnswer }];
      await using rig = await startTls(folder, {}, { ...options, transport, clock, behaviours });
      const witness = await connectWitness(rig.proxy.port, { ca, maxVersion });
      try {
        await act({ rig, clock, witness });
        assert.equal(await witness.leave(), leave);
      } finally {
        witness.destroy();
      }
    });
  }
}

testOverTransports("A listener that stops does not wait for its clients' goodbye", async (transport) => {
  using folder = new CertificateFolder();
  const clock = new VirtualClock();
  await using rig = await startTls(folder, {}, { transport, clock });
  const witnesses = await Promise.all([1, 2, 3].map(() => connectWitness(rig.proxy.port, { ca })));
  for (const { client } of witnesses) {
    client.send(get);
    await client.readResponse();
  }
  const drained = rig.proxy.drain();
  clock.advance(1200);
  await drained;
  for (const witness of witnesses) {
    assert.equal(await witness.leave(), "goodbye");
    witness.destroy();
  }
});

testOverTransports("A goodbye that does not get through holds nobody for ever", async (transport) => {
  using folder = new CertificateFolder();
  const clock = new VirtualClock();
  const options = { transport, clock, listener: { timeouts: { bodyIdle: "20s" } } } as const;
  await using rig = await startTls(folder, {}, options);
  const witness = await connectWitness(rig.proxy.port, { ca });
  witness.client.send(get);
  await witness.client.readResponse();
  // As if the kernel had no room for it.
  const stream = rig.proxy.streams.accepted.at(-1) as ByteStream;
  stream.end = stream.close = () => {};
  witness.client.send(getAndClose);
  await witness.client.readResponse();
  await turns(10);
  assert.equal(rig.proxy.listener.connections, 1);
  clock.advance(20_500);
  assert.equal(await witness.leave(), "cut");
  assert.equal(rig.proxy.listener.connections, 0);
  witness.destroy();
});

/** In steps, so that what is written at one moment leaves before the next. */
async function passTime(clock: VirtualClock, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 2; i++) {
    clock.advance(500);
    await turns(5);
  }
}

for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
  testOverTransports(`${maxVersion}: HTTP/2 ends with GOAWAY and close_notify`, async (transport) => {
    using folder = new CertificateFolder();
    const ends: readonly ((rig: Rig, clock: VirtualClock, client: FrameClient) => unknown)[] = [
      (_rig, clock) => passTime(clock, 80),
      (rig, clock) => (void rig.proxy.drain(), passTime(clock, 2)),
      (rig) => rig.proxy.close(),
      (_rig, _clock, client) => client.send(ping(), "nonsense of no frame".repeat(10)),
      (_rig, _clock, client) => client.raw.end(),
    ];
    for (const end of ends) {
      const clock = new VirtualClock();
      await using rig = await startTls(folder, {}, { transport, clock });
      const witness = await connectWitness(rig.proxy.port, { ca, maxVersion, ALPNProtocols: ["h2"] });
      const client = new FrameClient(witness.client);
      client.send(clientPreface + settings(), get2(1));
      assert.equal(await client.status(1), 200);
      await client.body(1);
      await end(rig, clock, client);
      assert.equal(await witness.leave(), "goodbye", String(end));
      assert.ok(
        client.frames.some((frame) => frame.type === type.goAway),
        String(end),
      );
      witness.destroy();
    }
  });
}
