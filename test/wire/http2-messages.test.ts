/** HTTP/2 requests as messages: pseudo-header fields, forbidden fields, lengths (RFC 9113 §8), and what reaches an HTTP/1.1 origin. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  block,
  code,
  connectFrames,
  data,
  endHeaders,
  endStream,
  frame,
  get,
  getFields,
  literal,
  post,
  type,
} from "../support/frame-client.ts";
import { frameCases } from "../support/frame-cases.ts";
import { startPeerOrigin } from "../support/protocol-peers.ts";
import { forwarded, startRig } from "../support/rig.ts";
import { startProxy } from "../support/start-proxy.ts";

type FieldList = readonly (readonly [name: string, value: string])[];

const [method, scheme, path, authority] = getFields;

function request(fields: FieldList): string {
  return frame(type.headers, endStream + endHeaders, 1, block(fields));
}

const malformed: readonly (readonly [name: string, fields: FieldList])[] = [
  ["an upper-case letter in a name", [...getFields, ["X-Test", "1"]]],
  ["a blank in a name", [...getFields, ["x test", "1"]]],
  ["a colon in a name", [...getFields, ["x:test", "1"]]],
  ["an empty name", [...getFields, ["", "1"]]],
  ["a line feed in a value", [...getFields, ["x-test", "a\nb: c"]]],
  ["a carriage return in a value", [...getFields, ["x-test", "a\rb"]]],
  ["NUL in a value", [...getFields, ["x-test", "a\0b"]]],
  ["a blank in front of a value", [...getFields, ["x-test", " a"]]],
  ["a tab behind a value", [...getFields, ["x-test", "a\t"]]],
  ["connection", [...getFields, ["connection", "keep-alive"]]],
  ["keep-alive", [...getFields, ["keep-alive", "timeout=5"]]],
  ["proxy-connection", [...getFields, ["proxy-connection", "keep-alive"]]],
  ["transfer-encoding", [...getFields, ["transfer-encoding", "chunked"]]],
  ["upgrade", [...getFields, ["upgrade", "websocket"]]],
  ["te with anything but trailers", [...getFields, ["te", "trailers, deflate"]]],
  ["an unknown pseudo-header field", [...getFields, [":test", "1"]]],
  ["one that belongs to responses", [...getFields, [":status", "200"]]],
  ["one behind an ordinary field", [method, scheme, path, ["x-test", "1"], authority]],
  ["no :method", [scheme, path, authority]],
  ["no :scheme", [method, path, authority]],
  ["no :path", [method, scheme, authority]],
  ["an empty :path", [method, scheme, [":path", ""], authority]],
  [":path without a slash", [method, scheme, [":path", "index.html"], authority]],
  [":path with a blank", [method, scheme, [":path", "/a HTTP/1.1"], authority]],
  [":path * for GET", [method, scheme, [":path", "*"], authority]],
  [":method with a blank", [[":method", "GET /x"], scheme, path, authority]],
  ["two :method", [method, method, scheme, path, authority]],
  ["two :scheme", [method, scheme, scheme, path, authority]],
  ["two :path", [method, scheme, path, path, authority]],
  ["two :authority", [method, scheme, path, authority, authority]],
  ["content-length on a request that is over", [...getFields, ["content-length", "1"]]],
  ["CONNECT with a path and no protocol", [[":method", "CONNECT"], scheme, path, authority]],
  [":protocol on GET", [...getFields, [":protocol", "websocket"]]],
  ["extended CONNECT without :scheme", [[":method", "CONNECT"], [":protocol", "websocket"], path, authority]],
  ["extended CONNECT without :authority", [[":method", "CONNECT"], [":protocol", "websocket"], scheme, path]],
];

frameCases(
  "malformed requests are reset and never sent on (§8.1.1)",
  malformed.map(([name, fields]) => ({ name, frames: [request(fields)], resets: [1, code.protocol] })),
);

frameCases("bodies and their length (§8.1.1)", [
  {
    name: "less than content-length says",
    frames: [post(1, [["content-length", "5"]]), data(1, "four", endStream)],
    resets: [1, code.protocol],
  },
  {
    name: "more than it says",
    frames: [post(1, [["content-length", "3"]]), data(1, "four")],
    resets: [1, code.protocol],
  },
  {
    name: "more than it says, in two frames",
    frames: [post(1, [["content-length", "5"]]), data(1, "four"), data(1, "four", endStream)],
    resets: [1, code.protocol],
  },
  {
    name: "as much",
    frames: [post(1, [["content-length", "4"]]), data(1, "fo"), data(1, "ur", endStream)],
    answers: [1, 200],
  },
  {
    name: "two lengths that differ",
    frames: [
      post(1, [
        ["content-length", "4"],
        ["content-length", "5"],
      ]),
    ],
    answers: [1, 400],
  },
  { name: "a length that is no number", frames: [post(1, [["content-length", "+4"]])], answers: [1, 400] },
]);

frameCases("trailers (§8.1)", [
  {
    name: "a second HEADERS that does not end the request",
    frames: [post(1), frame(type.headers, endHeaders, 1, block([["x", "1"]]))],
    resets: [1, code.protocol],
  },
  {
    name: "with a pseudo-header field",
    frames: [post(1), frame(type.headers, endStream + endHeaders, 1, block([[":path", "/x"]]))],
    resets: [1, code.protocol],
  },
  {
    name: "with an upper-case name",
    frames: [post(1), frame(type.headers, endStream + endHeaders, 1, block([["X-Sum", "1"]]))],
    resets: [1, code.protocol],
  },
  {
    name: "with a field of a connection",
    frames: [post(1), frame(type.headers, endStream + endHeaders, 1, block([["connection", "x"]]))],
    resets: [1, code.protocol],
  },
]);

frameCases(":authority and Host (§8.3.1)", [
  { name: "the same in both", frames: [get(1, [["host", "example.com"]])], answers: [1, 200] },
  {
    name: "different ones are answered 400",
    frames: [get(1, [["host", "evil.example"]])],
    answers: [1, 400],
  },
  {
    name: "Host alone",
    frames: [request([method, scheme, path, ["host", "example.com"]])],
    answers: [1, 200],
  },
  {
    name: "two different Hosts",
    frames: [request([method, scheme, path, ["host", "a"], ["host", "b"]])],
    answers: [1, 400],
  },
  {
    name: "the same Host twice",
    frames: [request([method, scheme, path, ["host", "a"], ["host", "a"]])],
    answers: [1, 400],
  },
  { name: "neither", frames: [request([method, scheme, path])], answers: [1, 400] },
  {
    name: "user and password in :authority",
    frames: [request([method, scheme, path, [":authority", "user@example.com"]])],
    answers: [1, 400],
  },
  {
    name: "a slash in :authority",
    frames: [request([method, scheme, path, [":authority", "example.com/x"]])],
    answers: [1, 400],
  },
]);

frameCases("CONNECT (§8.5)", [
  {
    name: "a plain one is refused",
    frames: [
      request([
        [":method", "CONNECT"],
        [":authority", "example.com:443"],
      ]),
    ],
    answers: [1, 501],
  },
  {
    name: "an unknown :protocol is refused",
    frames: [
      frame(
        type.headers,
        endHeaders,
        1,
        block([[":method", "CONNECT"], [":protocol", "telnet"], scheme, path, authority]),
      ),
    ],
    answers: [1, 501],
  },
]);

frameCases("heads beyond the limits", [
  {
    name: "too many octets are answered 431",
    frames: [
      get(
        1,
        Array.from({ length: 5 }, (_, at) => [`x-${at}`, "y".repeat(2000)]),
      ),
    ],
    answers: [1, 431],
    rig: { listener: { limits: { headBytes: "8KiB" } } },
  },
  {
    name: "too many fields are answered 431",
    frames: [
      get(
        1,
        Array.from({ length: 30 }, (_, at) => [`x-${at}`, "y"]),
      ),
    ],
    answers: [1, 431],
    rig: { listener: { limits: { headerCount: 20 } } },
  },
]);

test("an HTTP/1.1 origin gets the request as HTTP/1.1 would have brought it", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  const fields: FieldList = [
    ["accept", "*/*"],
    ["cookie", "a=1"],
    ["x-empty", ""],
    ["cookie", "b=2"],
    ["te", "trailers"],
  ];
  client.send(get(1, fields));
  assert.equal(await client.status(1), 200);
  const raw = rig.origin.seen[0] ?? "";
  assert.ok(raw.startsWith("GET / HTTP/1.1\r\n"), raw);
  assert.match(raw, /^host: example\.com\r$/im);
  assert.match(raw, /^cookie: a=1; b=2\r$/im);
  assert.match(raw, /^x-empty: ?\r$/im);
  assert.doesNotMatch(raw, /transfer-encoding|^content-length/im);
  client.raw.destroy();
});

test("a body of unknown length reaches the origin in chunks, its trailers behind it", async () => {
  await using rig = await startRig();
  const client = await connectFrames(rig.proxy.port);
  client.send(
    post(1),
    data(1, "bo"),
    data(1, "dy"),
    frame(type.headers, endStream + endHeaders, 1, literal("x-sum", "9")),
  );
  assert.equal(await client.status(1), 200);
  const raw = rig.origin.seen[0] ?? "";
  assert.match(raw, /^transfer-encoding: chunked\r$/im);
  assert.ok(raw.endsWith("0\r\nx-sum: 9\r\n\r\n"), raw);
  client.raw.destroy();
});

test("responses have lower-case names, no fields of connections, and their trailers at the end", async () => {
  const head =
    "HTTP/1.1 200 Fine\r\nX-Mixed: Case\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
  await using rig = await startRig({
    behaviours: [{ respond: () => `${head}2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n` }],
  });
  const client = await connectFrames(rig.proxy.port);
  client.send(get(1, [["te", "trailers"]]));
  const fields = await client.head(1);
  assert.equal(fields.get("x-mixed"), "Case");
  for (const name of ["connection", "x-hop", "transfer-encoding", "keep-alive"])
    assert.equal(fields.get(name), undefined);
  assert.equal(await client.body(1), "ok");
  const blocks = client.frames.filter((each) => each.type === type.headers && each.streamId === 1);
  assert.equal(blocks.length, 2);
  client.raw.destroy();
});

test("interim responses come before the final one; a response to HEAD has a length and no body", async () => {
  const early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  await using rig = await startRig({
    behaviours: [
      {
        respond: ({ raw }) =>
          `${raw.startsWith("HEAD") ? "" : early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${raw.startsWith("HEAD") ? "" : "ok"}`,
      },
    ],
  });
  const client = await connectFrames(rig.proxy.port);
  client.send(get(1));
  assert.equal(await client.body(1), "ok");
  const heads = client.frames.filter((each) => each.type === type.headers && each.streamId === 1);
  assert.equal(heads.length, 2);
  assert.equal(await client.status(1), 103);
  client.send(
    frame(type.headers, endStream + endHeaders, 3, block([[":method", "HEAD"], ...getFields.slice(1)])),
  );
  assert.equal((await client.head(3)).get("content-length"), "2");
  assert.equal(await client.body(3), "");
  client.raw.destroy();
});

test("an origin that asks for an upgrade to h2c is not asked for one, and a client's is refused by silence", async () => {
  await using rig = await startRig();
  const client = await rig.connect();
  client.send(
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
  );
  const response = await client.readResponse();
  assert.equal(response.status, 200);
  assert.equal(rig.origin.seen[0], forwarded("GET / HTTP/1.1", "a"));
});

test("an end that comes by itself, without a byte, reaches the origin at once", async () => {
  const origin = await startPeerOrigin("h2c", (request, response) => {
    response.writeHead(200).flushHeaders();
    request.resume().on("end", () => response.end("ended"));
  });
  const proxy = await startProxy({ origins: [origin.url], pool: { protocol: "h2" } });
  const client = await connectFrames(proxy.port);
  client.send(post(1), data(1, "body"));
  assert.equal(await client.status(1), 200);
  client.send(data(1, "", endStream));
  assert.equal(await client.body(1), "ended");
  client.raw.destroy();
  await proxy.close();
  await origin.close();
});
