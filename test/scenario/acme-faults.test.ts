/** When the authority says no, says later, or says nothing: traffic goes on, and the status tells. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { acmeConfig, noPebble, startAcmeRig } from "../support/acme-rig.ts";
import { makeTestAuthority } from "../support/made-certificates.ts";
import { startPebble } from "../support/pebble.ts";
import { askTls } from "../support/tls-client.ts";

const anyone = { rejectUnauthorized: false } as const;

test(
  "A name that points elsewhere fails by itself: the other names are issued, and everybody is served",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble();
    await pebble.point("elsewhere.test", "127.0.0.77");
    await using rig = await startAcmeRig(pebble, { tls: { names: ["elsewhere.test", "here.test"] } });
    await rig.until("a refusal", () => rig.status("elsewhere.test").state === "failing");
    await rig.untilShown("here.test");
    const { failures, reason, nextTryWallMs } = rig.status("elsewhere.test");
    assert.equal(failures, 1);
    assert.match(reason ?? "", /127\.0\.0\.77|connection refused|Fetching/i);
    assert.ok(nextTryWallMs > Date.now() + 30_000);
    for (const servername of ["elsewhere.test", "here.test"])
      assert.equal((await askTls(pebble.ports.tls, { ...anyone, servername })).status, 200);
    const problems = rig.balancer.events.since(0).filter(({ kind }) => kind === "certificate-problem");
    assert.match(problems[0]?.message ?? "", /^elsewhere\.test: certificate not issued: /);
    // The name is put right; the next try goes the other way round and succeeds.
    await pebble.point("elsewhere.test", "127.0.0.1");
    rig.balancer.acme.renew("elsewhere.test");
    await rig.untilShown("elsewhere.test");
    assert.deepEqual([rig.status("elsewhere.test").failures, rig.status("elsewhere.test").reason], [0, null]);
  },
);

test(
  "While the authority is dead the old certificate is shown, and the status says why it is not renewed",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble();
    await using rig = await startAcmeRig(pebble, { tls: { names: ["old.test"] } });
    await rig.untilShown("old.test");
    const before = (await askTls(pebble.ports.tls, { ...anyone, servername: "old.test" })).certificate;
    await pebble.kill();
    rig.balancer.acme.renew("old.test");
    await rig.until("a failure", () => rig.status("old.test").state === "failing");
    assert.match(rig.status("old.test").reason ?? "", /^no answer from 127\.0\.0\.1:\d+: ECONNREFUSED/);
    assert.notEqual(rig.status("old.test").expiresWallMs, null);
    // A reload in the meantime changes nothing about it.
    await rig.balancer.apply({
      ...acmeConfig(pebble, rig.folder, { tls: { names: ["old.test"] } }),
      via: "other",
    });
    assert.equal(rig.status("old.test").state, "failing");
    const after = await askTls(pebble.ports.tls, { ...anyone, servername: "old.test" });
    assert.equal(after.certificate.fingerprint256, before.fingerprint256);
    assert.equal(after.status, 200);
    await assert.rejects(rig.balancer.acme.revoke("old.test"), /no answer from/);
    assert.equal(rig.balancer.certificates[0]?.source, "acme old.test");
  },
);

test(
  "An authority that says later is left alone for as long as it says",
  { skip: noPebble, timeout: 60_000 },
  async () => {
    await using pebble = await startPebble();
    await using limited = await startLimited();
    await using rig = await startAcmeRig(
      { ...pebble, directory: limited.directory, caPem: limited.caPem, ports: pebble.ports } as typeof pebble,
      { tls: { names: ["later.test"] } },
    );
    await rig.until("a refusal", () => rig.status("later.test").state === "failing");
    const { reason, nextTryWallMs } = rig.status("later.test");
    assert.match(reason ?? "", /says rateLimited: too many certificates/);
    const waitMs = nextTryWallMs - Date.now();
    assert.ok(waitMs > 7100_000 && waitMs <= 7200_000, `${waitMs} ms`);
    assert.equal(limited.orders(), 1);
    assert.equal((await askTls(pebble.ports.tls, { ...anyone, servername: "later.test" })).status, 200);
  },
);

/** An ACME server that has accounts for everybody and certificates for nobody, for two hours. */
async function startLimited(): Promise<
  AsyncDisposable & { readonly directory: string; readonly caPem: string; orders(): number }
> {
  const authority = await makeTestAuthority();
  const own = await authority.leaf({ names: ["127.0.0.1"] });
  let orders = 0;
  const server = createServer({ cert: own.certificatePem, key: own.keyPem }, (request, response) => {
    const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    response.setHeader("Replay-Nonce", "bm9uY2U");
    response.setHeader("Content-Type", "application/json");
    if (request.url === "/dir")
      response.end(
        JSON.stringify({
          newNonce: `${base}/nonce`,
          newAccount: `${base}/account`,
          newOrder: `${base}/order`,
        }),
      );
    else if (request.url === "/account") {
      response.writeHead(201, { Location: `${base}/account/1` });
      response.end(JSON.stringify({ status: "valid" }));
    } else if (request.url === "/order") {
      orders++;
      response.writeHead(429, { "Content-Type": "application/problem+json", "Retry-After": "7200" });
      const type = "urn:ietf:params:acme:error:rateLimited";
      response.end(JSON.stringify({ type, detail: "too many certificates already issued" }));
    } else response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    directory: `https://127.0.0.1:${(server.address() as AddressInfo).port}/dir`,
    caPem: authority.certificatePem,
    orders: () => orders,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
