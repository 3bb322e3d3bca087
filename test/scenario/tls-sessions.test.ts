/** A TLS session made under one pool's settings is never resumed under another's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLoadBalancer } from "../../src/index.ts";
import { testAuthorityPem, testCertificatePem, testKeyPem } from "../support/certificates.ts";

test("a pool that does not trust an endpoint's certificate refuses it, whatever another pool did before", async () => {
  const origin = createServer({ key: testKeyPem, cert: testCertificatePem }, (_request, response) =>
    response.end("hello"),
  );
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  const endpoints = [`https://127.0.0.1:${(origin.address() as AddressInfo).port}`];
  const connections = { idleMax: 0 };
  const folder = await mkdtemp(join(tmpdir(), "headgate-"));
  const authorityPath = join(folder, "authority.pem");
  await writeFile(authorityPath, testAuthorityPem);
  const balancer = createLoadBalancer({
    listeners: [{ address: "127.0.0.1:0" }],
    pools: {
      trusting: { endpoints, connections, tls: { ca: authorityPath, serverName: "localhost" } },
      strict: { endpoints, connections, tls: { serverName: "localhost" } },
    },
    routes: [{ match: { path: "/trusting" }, pool: "trusting" }, { pool: "strict" }],
  });
  const [listener] = await balancer.listen();
  const url = `http://127.0.0.1:${listener?.port}`;
  for (let i = 0; i < 3; i++) {
    assert.equal((await fetch(`${url}/trusting`)).status, 200);
    const refused = await fetch(`${url}/strict`);
    assert.equal(refused.status, 502);
    assert.equal(refused.headers.get("headgate-cause"), "tls-failed");
  }
  await balancer.close();
  await rm(folder, { recursive: true });
  origin.closeAllConnections();
  origin.close();
});
