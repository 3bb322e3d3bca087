/** TLS passed on by the name in the ClientHello, which arrives however it likes, is no longer than it may be, and in time. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type AddressInfo, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { turns } from "../support/signal.ts";
import { startProxy, type TestProxy } from "../support/start-proxy.ts";
import { authority, ca } from "../support/tls-rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface Stage extends AsyncDisposable {
  readonly proxy: TestProxy;
}

/** An origin for each name, which says the name and echoes. */
async function start(clock?: VirtualClock): Promise<Stage> {
  const names = ["one.test", "two.test"];
  const servers = await Promise.all(
    names.map(async (name) => {
      const { certificatePem, keyPem } = await authority.leaf({ names: [name] });
      const server: Server = createServer({ cert: certificatePem, key: keyPem }, (socket) => {
        socket.on("error", () => {});
        socket.write(`I am ${name}.`);
        socket.pipe(socket);
      });
      server.on("tlsClientError", () => {});
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const pools = names.map((name, index): [string, { endpoints: string[] }] => {
    const { port } = servers[index]!.address() as AddressInfo;
    return [name, { endpoints: [`tcp://127.0.0.1:${port}`] }];
  });
  const proxy = await startProxy({
    origins: [],
    ...(clock === undefined ? {} : { clock }),
    listener: {
      protocol: "tcp",
      routes: names.map((name) => ({ match: { serverName: name }, pool: name })),
    },
    extraPools: Object.fromEntries(pools),
  });
  return {
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      for (const server of servers) server.close();
    },
  };
}

/** Every octet in a segment of its own, as far as a socket can have it so. */
function dribbling(socket: Socket): Duplex {
  const duplex = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      void (async () => {
        for (const byte of bytes) {
          socket.write(Buffer.of(byte));
          await turns(1);
        }
        done();
      })();
    },
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (bytes) => duplex.push(bytes));
  socket.on("end", () => duplex.push(null));
  return duplex;
}

async function greeting(socket: TLSSocket): Promise<string> {
  const [text] = (await once(socket, "data")) as [Buffer];
  return text.toString();
}

test("a ClientHello that comes octet by octet is passed on whole, to the name it asks for", async () => {
  await using stage = await start();
  for (const name of ["two.test", "one.test"]) {
    const tcp = connectTcp({ port: stage.proxy.port, host: "127.0.0.1", noDelay: true });
    await once(tcp, "connect");
    const socket = connect({ socket: dribbling(tcp), servername: name, ca });
    assert.equal(await greeting(socket), `I am ${name}.`);
    assert.equal(socket.authorized, true, "the origin's own certificate was seen");
    socket.destroy();
  }
});

/** The beginning of a handshake record with a ClientHello that claims `length` octets. */
function helloOf(length: number, recordLength = 16_000): string {
  const record = Buffer.from([22, 3, 1, 0, 0]);
  record.writeUInt16BE(recordLength, 3);
  const message = Buffer.from([1, 0, 0, 0]);
  message.writeUIntBE(length, 1, 3);
  return Buffer.concat([record, message]).toString("latin1");
}

const refusals: readonly (readonly [name: string, send: (client: RawClient) => void])[] = [
  ["claims to be longer than 16 KiB", (client) => client.send(helloOf(0xff_ffff))],
  ["comes in records of one octet", (client) => client.send("\x16\x03\x01\x00\x01\x01".repeat(20_000))],
  ["is plain HTTP", (client) => client.send("GET / HTTP/1.1\r\nHost: one.test\r\n\r\n")],
  ["is another TLS message", (client) => client.send("\x15\x03\x01\x00\x02\x02\x28")],
];

for (const [name, send] of refusals) {
  test(`a ClientHello that ${name} is cut, and nobody is asked`, async () => {
    await using stage = await start();
    const client = await connectRaw(stage.proxy.port);
    send(client);
    await client.ended();
    const { cause, status } = await stage.proxy.record();
    assert.deepEqual([cause, status], ["bad-client-hello", 400]);
    assert.equal(client.received, "");
    for (const { state } of stage.proxy.endpoints) assert.equal(state.readTotals().requests, 0);
  });
}

test("a client has timeouts.head for its ClientHello, however it is cut up", async () => {
  const clock = new VirtualClock();
  await using stage = await start(clock);
  const client = await connectRaw(stage.proxy.port);
  const hello = helloOf(500, 504);
  for (let at = 0; at < 9; at++) {
    client.send(hello[at]!);
    await turns(4);
    clock.advance(1000);
  }
  assert.equal(client.ending, null);
  clock.advance(1500);
  await client.ended();
  assert.equal((await stage.proxy.record()).cause, "bad-client-hello");
});

test("a drain leaves connections that are under way and ends those that have said nothing", async () => {
  await using stage = await start();
  const socket = connect({ port: stage.proxy.port, host: "127.0.0.1", servername: "one.test", ca });
  await greeting(socket);
  const silent = await connectRaw(stage.proxy.port);
  while (stage.proxy.listener.connections < 2) await turns();
  const drained = stage.proxy.drain();
  await silent.ended();
  socket.write("still here");
  assert.equal(await greeting(socket), "still here");
  socket.end();
  await drained;
});
