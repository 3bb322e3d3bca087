/**
 * Renewal information (RFC 9773), which Pebble 2.4 does not have: a server before it adds the entry to its
 * directory, suggests windows, and sees what is ordered. Everything else is Pebble's own.
 */
import "reflect-metadata";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpsRequest } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { AuthorityKeyIdentifierExtension, X509Certificate } from "@peculiar/x509";
import { noPebble, startAcmeRig } from "../support/acme-rig.ts";
import { makeTestAuthority } from "../support/made-certificates.ts";
import { type Pebble, startPebble } from "../support/pebble.ts";
import { askTls } from "../support/tls-client.ts";

const dayMs = 86_400_000;

/** Milliseconds from now. */
type Window = readonly [startMs: number, endMs: number];

interface Suggesting extends AsyncDisposable {
  /** Stands in Pebble's place. */
  readonly authority: Pebble;
  /** Identifiers of certificates that were asked about. */
  readonly asked: string[];
  /** What each order says it replaces. */
  readonly replaced: (string | undefined)[];
}

/** `suggest` is told how many certificates were asked about before. `refusesReplacing`: as if another order had been faster. */
async function suggesting(
  pebble: Pebble,
  suggest: (known: number) => Window,
  refusesReplacing = false,
): Promise<Suggesting> {
  const authority = await makeTestAuthority();
  const own = await authority.leaf({ names: ["127.0.0.1"] });
  const asked: string[] = [];
  const replaced: (string | undefined)[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "";
    if (path.startsWith("/renewal-info/")) {
      const identifier = path.slice("/renewal-info/".length);
      if (!asked.includes(identifier)) asked.push(identifier);
      const [start, end] = suggest(asked.indexOf(identifier)).map((ms) => new Date(Date.now() + ms));
      response.setHeader("Content-Type", "application/json");
      return void response.end(JSON.stringify({ suggestedWindow: { start, end } }));
    }
    const body = await buffer(request);
    if (path === "/order-plz") {
      const { payload } = JSON.parse(body.toString()) as { payload: string };
      const order = JSON.parse(Buffer.from(payload, "base64url").toString()) as { replaces?: string };
      replaced.push(order.replaces);
      if (refusesReplacing && order.replaces !== undefined) {
        response.writeHead(409, { "Content-Type": "application/problem+json", "Replay-Nonce": "bm9uY2U" });
        const type = "urn:ietf:params:acme:error:alreadyReplaced";
        return void response.end(JSON.stringify({ type, detail: "somebody was faster" }));
      }
    }
    const { method, headers } = request;
    const onward = httpsRequest(new URL(path, pebble.directory), { method, headers, ca: pebble.caPem });
    onward.end(body);
    const [from] = (await once(onward, "response")) as [IncomingMessage];
    let text = (await buffer(from)) as Buffer;
    if (path === "/dir") {
      const renewalInfo = `https://${headers.host}/renewal-info`;
      text = Buffer.from(JSON.stringify({ ...(JSON.parse(text.toString()) as object), renewalInfo }));
    }
    const { "transfer-encoding": _framing, ...fields } = from.headers;
    response.writeHead(from.statusCode ?? 500, { ...fields, "content-length": text.length });
    response.end(text);
  };
  const server = createServer({ cert: own.certificatePem, key: own.keyPem }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const directory = `https://127.0.0.1:${(server.address() as AddressInfo).port}/dir`;
  return {
    // Own fields only: `ports` and what else the rig reads.
    authority: { ...pebble, directory, caPem: authority.certificatePem, ports: pebble.ports } as Pebble,
    asked,
    replaced,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** As RFC 9773 §4.1 has it, by another library than the one under test. */
function identifierOf(raw: Buffer): string {
  const certificate = new X509Certificate(raw);
  const { keyId = "" } = certificate.getExtension(AuthorityKeyIdentifierExtension) ?? {};
  // As DER has it: a number whose first bit is set has a zero octet in front (RFC 9773 §4.1).
  const number = Buffer.from(certificate.serialNumber, "hex");
  const serial = (number[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), number]) : number;
  return `${Buffer.from(keyId, "hex").toString("base64url")}.${serial.toString("base64url")}`;
}

test(
  "A window that has begun renews at once, the order says what it replaces, and the next window is waited for",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble({ nonceReject: 0 });
    await using before = await suggesting(pebble, (known) =>
      known === 0 ? [-2 * dayMs, -dayMs] : [5 * dayMs, 6 * dayMs],
    );
    await using rig = await startAcmeRig(before.authority, { tls: { names: ["ari.test"] } });
    await rig.until("a renewal that nobody asked for", () => rig.status("ari.test").renewals === 2);
    await rig.until("the second window", () => before.asked.length === 2);
    await rig.until("its being heeded", () => rig.status("ari.test").nextTryWallMs < Date.now() + 7 * dayMs);
    const { state, failures, nextTryWallMs, renewals } = rig.status("ari.test");
    assert.deepEqual([state, failures, renewals], ["valid", 0, 2]);
    assert.ok(nextTryWallMs > Date.now() + 4 * dayMs, "within the window and not before");
    const { certificate } = await askTls(pebble.ports.tls, {
      rejectUnauthorized: false,
      servername: "ari.test",
    });
    assert.equal(before.asked[1], identifierOf(certificate.raw));
    assert.deepEqual(before.replaced, [undefined, before.asked[0]]);
  },
);

test(
  "An order that may not replace is placed as an ordinary one",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble({ nonceReject: 0 });
    await using before = await suggesting(pebble, () => [300 * dayMs, 301 * dayMs], true);
    await using rig = await startAcmeRig(before.authority, { tls: { names: ["ari.test"] } });
    await rig.untilShown("ari.test");
    await rig.until("the window", () => before.asked.length === 1);
    rig.balancer.acme.renew("ari.test");
    await rig.until("a renewal", () => rig.status("ari.test").renewals === 2);
    assert.deepEqual(before.replaced, [undefined, before.asked[0], undefined]);
    assert.equal(rig.status("ari.test").failures, 0);
  },
);
