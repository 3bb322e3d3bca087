import assert from "node:assert/strict";
import { createServer as createHttp1Server } from "node:http";
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type Http2SecureServer,
  type ServerHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { test, type TestContext } from "node:test";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../../test/support/certificates.ts";
import type { UpstreamTls } from "../core/transport.ts";
import { systemClock } from "../platform/clock.ts";
import { createGrpcProbe, type GrpcProbeSettings } from "./grpc-probe.ts";
import type { ProbeResult, ProbeTarget } from "./probe.ts";

const trusting: UpstreamTls = {
  serverName: "localhost",
  isVerified: true,
  caPem: testAuthorityPem,
  certificatePem: null,
  keyPem: null,
};

async function listen(
  t: TestContext,
  server: Http2Server | Http2SecureServer | Server,
  tls: UpstreamTls | null = null,
): Promise<ProbeTarget> {
  await new Promise<void>((bound) => void server.listen(0, "127.0.0.1", () => bound()));
  t.after(() => server.close());
  const { address, port } = server.address() as AddressInfo;
  return { addresses: [{ kind: "tcp", address, port }], tls, authority: `localhost:${port}` };
}

function ask(
  target: ProbeTarget,
  settings: Partial<GrpcProbeSettings> = {},
  timeoutMs = 5000,
): Promise<ProbeResult> {
  const probe = createGrpcProbe({ service: "", host: null, headers: {}, ...settings }, systemClock);
  return new Promise((done) => probe.probe(target, timeoutMs, done));
}

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A health service that answers with `message` in the framing of gRPC. */
function answering(message: readonly number[], grpcStatus = "0", calls: Call[] = []) {
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      calls.push({ headers, body: Buffer.concat(chunks) });
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
      stream.end(
        message.length === 0 && grpcStatus !== "0"
          ? ""
          : Buffer.from([0, 0, 0, 0, message.length, ...message]),
      );
    });
  };
}

const answers: { name: string; message: number[]; grpcStatus?: string; expected: string }[] = [
  { name: "SERVING passes", message: [8, 1], expected: "ok: SERVING" },
  { name: "NOT_SERVING fails", message: [8, 2], expected: "status: NOT_SERVING" },
  { name: "SERVICE_UNKNOWN fails", message: [8, 3], expected: "status: SERVICE_UNKNOWN" },
  { name: "an empty message means UNKNOWN", message: [], expected: "status: UNKNOWN" },
  { name: "a failed call fails", message: [], grpcStatus: "12", expected: "status: grpc-status 12" },
  {
    name: "another message is no answer",
    message: [18, 1, 65],
    expected: "bad-response: not an answer of the gRPC health protocol",
  },
];
for (const { name, message, grpcStatus, expected } of answers) {
  test(`gRPC health: ${name}`, async (t) => {
    const target = await listen(t, createServer().on("stream", answering(message, grpcStatus)));
    const result = await ask(target);
    assert.equal(`${result.isOk ? "ok" : result.cause}: ${result.detail}`, expected);
  });
}

test("the call names the service, the authority and what it can take", async (t) => {
  const calls: Call[] = [];
  const target = await listen(t, createServer().on("stream", answering([8, 1], "0", calls)));
  await ask(target, { service: "shop.Cart", headers: { authorization: "Bearer x" } }, 2000);
  const { headers, body } = calls[0] as Call;
  assert.equal(headers[":method"], "POST");
  assert.equal(headers[":path"], "/grpc.health.v1.Health/Check");
  assert.equal(headers[":authority"], target.authority);
  assert.equal(headers["content-type"], "application/grpc");
  assert.equal(headers["te"], "trailers");
  assert.match(String(headers["grpc-timeout"]), /^(?:2000|19\d\d)m$/);
  assert.equal(headers.authorization, "Bearer x");
  assert.deepEqual([...body], [0, 0, 0, 0, 11, 0x0a, 9, ...Buffer.from("shop.Cart")]);
});

test("an answer of trailers only is understood", async (t) => {
  const respond = (stream: ServerHttp2Stream): void => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "5" },
      { endStream: true },
    );
  };
  const result = await ask(await listen(t, createServer().on("stream", respond)));
  assert.equal(result.detail, "grpc-status 5");
});

test("it works over TLS, verified", async (t) => {
  const server = createSecureServer({ cert: testCertificatePem, key: testKeyPem }).on(
    "stream",
    answering([8, 1]),
  );
  const target = await listen(t, server, trusting);
  assert.equal((await ask(target)).detail, "SERVING");
  const stranger = await ask({ ...target, tls: { ...trusting, caPem: null } });
  assert.equal(stranger.isOk ? "passed" : stranger.cause, "tls");
});

test("a server that speaks only HTTP/1.1 fails, and a silent one times out", async (t) => {
  const old = await ask(
    await listen(
      t,
      createHttp1Server((_request, response) => void response.end()),
    ),
    {},
    1000,
  );
  assert.equal(old.isOk, false);
  const silent = await ask(
    await listen(
      t,
      createServer().on("stream", () => {}),
    ),
    {},
    200,
  );
  assert.equal(silent.isOk ? "passed" : silent.cause, "timeout");
});
