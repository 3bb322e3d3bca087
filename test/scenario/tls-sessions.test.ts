/** A TLS session made under one pool's settings is never resumed under another's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLoadBalancer } from "../../src/index.ts";
import { testCertificatePem, testKeyPem } from "../support/certificates.ts";

test("a pool that does not trust an endpoint's certificate refuses it, whatever another pool did before", async () => {
  const origin = createServer({ key: testKeyPem, cert: testCertificatePem }, (_request, response) =>
    response.end("hello"),
  );
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  const endpoints = [`https://127.0.0.1:${(origin.address() as AddressInfo).port}`];
  const connections = { idleMax: 0 };
  const balancer = createLoadBalancer({
    listeners: [{ address: "127.0.0.1:0" }],
    pools: {
      lax: { endpoints, connections, tls: { insecure: true } },
      strict: { endpoints, connections },
    },
    routes: [{ match: { path: "/lax" }, pool: "lax" }, { pool: "strict" }],
  });
  const [listener] = await balancer.listen();
  const url = `http://127.0.0.1:${listener?.port}`;
  for (let i = 0; i < 3; i++) {
    assert.equal((await fetch(`${url}/lax`)).status, 200);
    const refused = await fetch(`${url}/strict`);
    assert.equal(refused.status, 502);
    assert.equal(refused.headers.get("headgate-cause"), "tls-failed");
  }
  await balancer.close();
  origin.closeAllConnections();
  origin.close();
});
