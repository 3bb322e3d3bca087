import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import * as fc from "fast-check";
import { type ClientHelloReading, heldBytesMax, readClientHello } from "./client-hello.ts";

function vector(size: number, body: Buffer): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
}

function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)]);
}

function serverName(name: string, type = 0): Buffer {
  return extension(0, vector(2, Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name))])));
}

function alpn(...names: string[]): Buffer {
  return extension(16, vector(2, Buffer.concat(names.map((name) => vector(1, Buffer.from(name))))));
}

function message(extensions: readonly Buffer[] | null, tail = Buffer.alloc(0)): Buffer {
  const parts = [
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32)),
    vector(2, Buffer.from([0x13, 1])),
  ];
  const end = extensions === null ? [] : [vector(2, Buffer.concat(extensions))];
  const body = Buffer.concat([...parts, vector(1, Buffer.from([0])), ...end, tail]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

/** Records of at most `size` bytes. */
function records(handshake: Buffer, size = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += size)
    parts.push(Buffer.from([22, 3, 1]), vector(2, handshake.subarray(at, at + size)));
  return Buffer.concat(parts);
}

function read(bytes: Buffer): ClientHelloReading {
  return readClientHello(bytes, bytes.length);
}

function outcome(reading: ClientHelloReading): string {
  if (reading.kind !== "complete") return reading.kind === "refused" ? reading.fault : reading.kind;
  return `${reading.hello.serverName ?? "nobody"} [${reading.hello.alpn.join(", ")}]`;
}

const usual = message([
  extension(10, Buffer.alloc(4)),
  serverName("App.Example.com"),
  alpn("h2", "http/1.1"),
]);

const readings: readonly [string, Buffer, string][] = [
  ["name and protocols", records(usual), "app.example.com [h2, http/1.1]"],
  ["many small records", records(usual, 7), "app.example.com [h2, http/1.1]"],
  ["no extensions", records(message(null)), "nobody []"],
  ["no name", records(message([alpn("h2")])), "nobody [h2]"],
  [
    "what follows is not looked at",
    Buffer.concat([records(usual), Buffer.from("GET")]),
    "app.example.com [h2, http/1.1]",
  ],
  ["half of it", records(usual).subarray(0, 60), "incomplete"],
  ["plain HTTP", Buffer.from("GET / HTTP/1.1\r\n"), "it is not a TLS handshake"],
  ["SSL 2", Buffer.from([0x80, 0x2e, 1]), "it is not a TLS handshake"],
  ["another version", Buffer.from([22, 2, 0]), "the record's version is unknown"],
  ["an empty record", Buffer.from([22, 3, 1, 0, 0]), "a record is empty or too large"],
  ["a record too large", Buffer.from([22, 3, 1, 0x40, 1]), "a record is empty or too large"],
  ["a ServerHello", records(Buffer.from([2, 0, 0, 4, 0, 0, 0, 0])), "the first message is not a ClientHello"],
  ["an endless one", records(Buffer.from([1, 1, 0, 0])), "it is larger than 16384 bytes"],
  ["an address for a name", records(message([serverName("192.0.2.1")])), "the server name is broken"],
  ["a dot at the end", records(message([serverName("a.example.")])), "the server name is broken"],
  ["a name with a null", records(message([serverName("a\0.example")])), "the server name is broken"],
  ["another kind of name", records(message([serverName("a.example", 1)])), "the server name is broken"],
  [
    "a name twice",
    records(message([serverName("a.example"), serverName("b.example")])),
    "an extension occurs twice",
  ],
  ["no protocols in ALPN", records(message([alpn()])), "the ALPN extension is broken"],
  ["an empty protocol", records(message([alpn("h2", "")])), "the ALPN extension is broken"],
  ["bytes behind the extensions", records(message([], Buffer.from([0]))), "the extensions are broken"],
];

for (const [name, bytes, expected] of readings) {
  test(`a ClientHello: ${name}`, () => assert.equal(outcome(read(bytes)), expected));
}

test("a client that sends records of one byte is refused before it fills the memory", () => {
  const tiny = records(Buffer.concat([Buffer.from([1, 0, 0x3f, 0]), Buffer.alloc(16_000)]), 1);
  const length = tiny.length - 3000;
  assert.ok(length > heldBytesMax);
  assert.equal(outcome(readClientHello(tiny, length)), "its records are too small");
  assert.equal(outcome(readClientHello(tiny, heldBytesMax - 1000)), "incomplete");
});

test("the ClientHello of Node's own TLS is read", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: "127.0.0.1", servername: "one.example", ALPNProtocols: ["h2", "x"] });
  client.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [Socket];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  assert.equal(outcome(read(bytes)), "one.example [h2, x]");
  socket.destroy();
  client.destroy();
  server.close();
});

const nearly = fc
  .tuple(
    fc.constantFrom(
      records(usual),
      records(usual, 50),
      records(message([alpn("a")])),
      records(message(null)),
    ),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 2 }),
    fc.uint8Array({ maxLength: 10 }),
  )
  .map(([bytes, changes, behind]) => {
    const changed = Buffer.concat([bytes, behind]);
    for (const [at, value] of changes) changed[at % changed.length] = value;
    return changed;
  });

test("split at any byte, a ClientHello is read or refused as in one piece", () => {
  const kinds = { incomplete: 0, complete: 0, refused: 0 };
  fc.assert(
    fc.property(nearly, (bytes) => {
      const whole = read(bytes);
      let first: ClientHelloReading = { kind: "incomplete" };
      for (let length = 0; length <= bytes.length && first.kind === "incomplete"; length++) {
        first = readClientHello(bytes, length);
      }
      kinds[whole.kind]++;
      assert.equal(first.kind, whole.kind);
      if (whole.kind === "complete") assert.deepEqual(first, whole);
    }),
    { seed: 5, numRuns: 2000 },
  );
  assert.ok(kinds.complete > 100 && kinds.refused > 100, JSON.stringify(kinds));
});

test("noise is never read beyond its length, and never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const bytes = Buffer.concat([Buffer.from([22, 3, 3]), Buffer.from(noise)]);
      const behind = Buffer.concat([bytes, Buffer.alloc(50, 255)]);
      assert.deepEqual(readClientHello(behind, bytes.length), read(bytes));
    }),
    { seed: 6, numRuns: 2000 },
  );
});
