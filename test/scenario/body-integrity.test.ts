/**
 * Many bodies at once, each with a pattern of its own, through clients that dawdle, cancel and break off: whatever
 * arrives must be the beginning of one's own body, octet for octet, and all of it where nobody broke off.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { type Random, randomBelow, seededRandom } from "../../src/core/random.ts";
import { testAuthorityPem } from "../support/certificates.ts";
import { breakOff, isHttp2, type Protocol } from "../support/protocol-peers.ts";
import { type Handler, startBetween } from "../support/protocol-rig.ts";
import { turns } from "../support/signal.ts";

const sizes = [1, 13, 4096, 4097, 15_000, 16_384, 16_385, 33_000, 98_304, 120_001, 300_000] as const;
const requestCount = 160;
const atOnce = 40;
const mixtures: readonly (readonly [Protocol, Protocol])[] = [
  ["http/1.1 over TLS", "http/1.1"],
  ["http/1.1 over TLS", "h2"],
  ["h2", "http/1.1"],
  ["h2", "h2"],
];

type Manner = "read" | "dawdle" | "cancel" | "lose" | "break";

interface Plan {
  readonly id: number;
  readonly size: number;
  readonly uploadSize: number;
  readonly manner: Manner;
  /** The client cancels behind so many octets, the origin breaks off behind them. */
  readonly stopAt: number;
}

/** Every word of four octets tells whose it is and where it belongs. */
function patternOf(id: number, size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index++) words[index] = id * 2 ** 18 + index;
  return Buffer.from(words.buffer, 0, size);
}

function planOf(random: Random, id: number): Plan {
  const sizeOf = (): number => sizes[randomBelow(random, sizes.length)] as number;
  const size = sizeOf();
  const chance = random.next();
  const manner =
    chance < 0.5
      ? "read"
      : chance < 0.7
        ? "dawdle"
        : chance < 0.85
          ? "cancel"
          : chance < 0.95
            ? "lose"
            : "break";
  const uploadSize = random.next() < 0.3 ? sizeOf() : 0;
  return { id, size, uploadSize, manner, stopAt: randomBelow(random, size) };
}

/** Answers `/id` with its pattern in pieces, and checks what it is sent. */
function originOf(plans: readonly Plan[], mixedUp: string[]): Handler {
  return (request, response) => {
    const plan = plans[Number(request.url?.slice(1))] as Plan;
    const upload = patternOf(plan.id + 1024, plan.uploadSize);
    let got = 0;
    request.on("data", (chunk: Buffer) => {
      if (!chunk.equals(upload.subarray(got, got + chunk.length)))
        mixedUp.push(`upload ${plan.id} at ${got}`);
      got += chunk.length;
    });
    const random = seededRandom(plan.id);
    response.writeHead(200, plan.id % 2 === 0 ? { "content-length": plan.size } : {});
    const body = patternOf(plan.id, plan.size);
    let pos = 0;
    const write = (): void => {
      if (pos === body.length) return void response.end();
      if (plan.manner === "break" && pos >= plan.stopAt) return breakOff(request);
      const end = Math.min(body.length, pos + 1 + randomBelow(random, 50_000));
      const piece = body.subarray(pos, end);
      pos = end;
      response.write(piece, () => setImmediate(write));
    };
    write();
  };
}

interface Exchange {
  readonly body: Readable;
  cancel(): void;
}

/** Clients of TLS whose connections can be lost: `begin` resolves with the response's body, or rejects. */
class Clients {
  readonly #port: number;
  readonly #agent = new https.Agent({ keepAlive: true, ca: testAuthorityPem });
  /** The last one is for those who lose their connection. */
  readonly #sessions: http2.ClientHttp2Session[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  begin(protocol: Protocol, plan: Plan): Promise<Exchange> {
    return isHttp2(protocol) ? this.#beginHttp2(plan) : this.#beginHttp1(plan);
  }

  close(): void {
    this.#agent.destroy();
    for (const session of this.#sessions) session.destroy();
  }

  async #beginHttp1({ id, uploadSize }: Plan): Promise<Exchange> {
    const method = uploadSize > 0 ? "POST" : "GET";
    // After an answer that came before the upload had ended the connection closes: nobody else shall take it.
    const agent = uploadSize > 0 ? new https.Agent({ ca: testAuthorityPem }) : this.#agent;
    const options = { host: "127.0.0.1", port: this.#port, servername: "localhost", agent };
    const request = https.request({ ...options, method, path: `/${id}` });
    const responded = once(request, "response");
    request.on("error", () => {});
    request.end(patternOf(id + 1024, uploadSize));
    const [body] = (await responded) as [IncomingMessage];
    assert.equal(body.statusCode, 200, String(body.headers["headgate-cause"]));
    return { body, cancel: () => request.destroy() };
  }

  async #beginHttp2({ id, uploadSize, manner }: Plan): Promise<Exchange> {
    const session = this.#session(manner === "lose" ? 3 : id % 3);
    const method = uploadSize > 0 ? "POST" : "GET";
    const body = session.request({ ":path": `/${id}`, ":method": method }, { endStream: uploadSize === 0 });
    // One whose session is lost may end without an error.
    const lost = once(body, "close").then(() => assert.fail("closed without a response"));
    const responded = Promise.race([once(body, "response"), lost]);
    lost.catch(() => {});
    body.on("error", () => {});
    if (uploadSize > 0) body.end(patternOf(id + 1024, uploadSize));
    const [head] = (await responded) as unknown as [
      http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
    ];
    assert.equal(head[":status"], 200, String(head["headgate-cause"]));
    const cancel = (): void =>
      manner === "lose" ? session.destroy() : body.close(http2.constants.NGHTTP2_CANCEL);
    return { body, cancel };
  }

  #session(index: number): http2.ClientHttp2Session {
    const known = this.#sessions[index];
    if (known !== undefined && !known.destroyed && !known.closed) return known;
    const session = http2.connect(`https://localhost:${this.#port}`, {
      ca: testAuthorityPem,
      lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
    });
    session.on("error", () => {});
    this.#sessions[index] = session;
    return session;
  }
}

/** Reads as the plan says, comparing all of it; returns how much came. */
async function readBody({ body, cancel }: Exchange, plan: Plan, mixedUp: string[]): Promise<number> {
  const expected = patternOf(plan.id, plan.size);
  const random = seededRandom(plan.id);
  const isLeaving = plan.manner === "cancel" || plan.manner === "lose";
  let got = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (!chunk.equals(expected.subarray(got, got + chunk.length))) mixedUp.push(`body ${plan.id} at ${got}`);
    got += chunk.length;
    if (plan.manner === "dawdle") await turns(randomBelow(random, 40));
    if (isLeaving && got >= plan.stopAt) {
      cancel();
      break;
    }
  }
  return got;
}

for (const [from, to] of mixtures) {
  test(`Each of many bodies arrives as it was sent: ${from} to ${to}`, { timeout: 30_000 }, async () => {
    const random = seededRandom(20_260_101);
    const plans = Array.from({ length: requestCount }, (_, id) => planOf(random, id));
    const mixedUp: string[] = [];
    await using rig = await startBetween(from, to, [originOf(plans, mixedUp)]);
    const clients = new Clients(rig.proxy.port);
    const short: string[] = [];
    let wholeCount = 0;
    const one = async (plan: Plan): Promise<void> => {
      const isSafe = plan.manner === "read" || plan.manner === "dawdle";
      try {
        const got = await readBody(await clients.begin(from, plan), plan, mixedUp);
        if (got === plan.size) wholeCount++;
        else if (isSafe) short.push(`${plan.id}: ${got} of ${plan.size}`);
      } catch (error) {
        if (isSafe) short.push(`${plan.id}: ${String(error)}`);
      }
    };
    const left = plans.values();
    const work = async (): Promise<void> => {
      for (const plan of left) await one(plan);
    };
    try {
      await Promise.all(Array.from({ length: atOnce }, work));
    } finally {
      clients.close();
    }
    assert.deepEqual({ mixedUp, short }, { mixedUp: [], short: [] });
    assert.ok(wholeCount > requestCount / 2);
  });
}
