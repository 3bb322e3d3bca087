/** Every mixture of protocols: what one side says is what the other hears, whichever versions they speak. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { breakOff, isHttp2, type PeerAnswer, protocols, sumOf } from "../support/protocol-peers.ts";
import { type Handler, type ProtocolRig, startBetween } from "../support/protocol-rig.ts";

/** Sends the body back, its sum and the client's in the trailers. */
const echo: Handler = (request, response) => {
  const hash = createHash("sha256");
  response.writeHead(200, { trailer: "x-sum, x-got", "x-method": request.method ?? "" });
  request.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    if (!response.write(chunk)) {
      request.pause();
      response.once("drain", () => request.resume());
    }
  });
  request.on("end", () => {
    response.addTrailers({ "x-sum": hash.digest("hex"), "x-got": String(request.trailers["x-client"]) });
    response.end();
  });
};

const handle: Handler = (request, response, origin) => {
  const write = (text: string): void => void response.write(text);
  switch (request.url) {
    case "/echo":
      return echo(request, response, origin);
    case "/plain":
      return void request
        .resume()
        .on("end", () => response.writeHead(200, { "content-length": "5" }).end("plain"));
    case "/nothing":
      return void response.writeHead(204).end();
    case "/early":
      return void response.writeHead(403, { "content-length": "2" }).end("no");
    case "/hints":
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      return void response.writeHead(200).end("hinted");
    case "/reset":
      return breakOff(request);
    case "/reset-mid":
      response.writeHead(200, { "content-length": "100000" });
      write("x".repeat(1000));
      // Not before the client has seen the beginning.
      return void request.on("data", () => breakOff(request));
    case "/half":
      response.writeHead(200);
      return write("begun");
    default:
      // Nothing is ever answered.
      return void request.resume();
  }
};

const large = Buffer.alloc(10_000_000, "0123456789abcdefghijklmnopqrstuvwxyz-");

async function checkBodies({ client }: ProtocolRig): Promise<void> {
  const trailers = { "x-client": "its own sum" };
  for (const body of [large, Buffer.from("x"), Buffer.alloc(0)]) {
    const answer = await client.ask({ method: "POST", path: "/echo", trailers }, body);
    assert.equal(answer.status, 200);
    assert.equal(answer.bytes, body.length);
    assert.equal(answer.sum, sumOf(body));
    assert.equal(answer.trailers["x-sum"], sumOf(body), "the endpoint got the same body");
    if (body.length > 0) assert.equal(answer.trailers["x-got"], "its own sum", "and the client's trailers");
  }
  const small = large.subarray(0, 300_000);
  const headers = { "content-length": String(small.length) };
  const sized = await client.ask({ method: "PUT", path: "/echo", headers }, small);
  assert.equal(sized.sum, sumOf(small));
  assert.equal(sized.headers["x-method"], "PUT");
}

async function checkHeads({ client }: ProtocolRig): Promise<void> {
  const plain = await client.ask({ path: "/plain" });
  assert.deepEqual([plain.status, plain.text, plain.headers["content-length"]], [200, "plain", "5"]);
  const head = await client.ask({ method: "HEAD", path: "/plain" });
  assert.deepEqual([head.status, head.bytes, head.headers["content-length"]], [200, 0, "5"]);
  assert.equal((await client.ask({ path: "/nothing" })).status, 204);
  const hinted = await client.ask({ path: "/hints" });
  assert.deepEqual([hinted.text, hinted.interim], ["hinted", [103]]);
}

/** The endpoint answers before it has the request, and the client keeps sending. */
async function checkEarlyResponse({ client }: ProtocolRig): Promise<void> {
  const call = client.call({ method: "POST", path: "/early" });
  call.body.write("some of it");
  const answer = await call.answer;
  assert.deepEqual([answer.status, answer.text], [403, "no"]);
  call.cancel();
}

async function checkResets({ client, origins: [origin] }: ProtocolRig): Promise<void> {
  const refused = await client.ask({ method: "POST", path: "/reset" }, Buffer.from("x"));
  assert.equal(refused.status, 502);
  const torn = client.call({ method: "POST", path: "/reset-mid" });
  torn.body.write("go");
  await assert.rejects(torn.answer, "a response that is not complete must not look complete");
  assert.ok(origin !== undefined);
  // Taken back before there is an answer, with the request whole and half sent, and in the middle of one.
  for (const [path, isWhole] of [
    ["/never", true],
    ["/never-half", false],
    ["/half", false],
  ] as const) {
    const call = client.call({ method: "POST", path });
    if (isWhole) call.body.end("whole");
    else call.body.write("half");
    await origin.changed.until(`${path} to arrive`, () => origin.paths.includes(path));
    call.cancel();
    await origin.changed.until(`${path} to be called off`, () => origin.aborted.includes(path));
  }
}

for (const from of protocols) {
  for (const to of protocols) {
    test(`from ${from} to ${to}`, async () => {
      await using rig = await startBetween(from, to, [handle], { pool: { retry: { attempts: 1 } } });
      await checkBodies(rig);
      await checkHeads(rig);
      await checkEarlyResponse(rig);
      await checkResets(rig);
      // After all that, the connections still serve.
      const after: PeerAnswer = await rig.client.ask({ path: "/plain" });
      assert.equal(after.text, "plain");
      const [origin] = rig.origins;
      if (isHttp2(to)) assert.equal(origin?.connectionCount, 1, "one connection carried everything");
    });
  }
}
