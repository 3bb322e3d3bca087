/** Streams and PROXY headers between Headgate and the real servers: Redis, nginx, HAProxy. */
import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { test } from "node:test";
import { connect as connectTcp } from "node:net";
import { connect } from "node:tls";
import { freePorts } from "../support/free-ports.ts";
import {
  certificateFor,
  missing,
  noNginxStream,
  startDnsmasq,
  startHaproxy,
  startNginx,
  startNginxStream,
  startRedis,
} from "../support/peer-program.ts";
import { connectRaw, RawClient } from "../support/raw-client.ts";
import { okAnswer, startRawOrigin } from "../support/raw-origin.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/start-proxy.ts";
import { turns } from "../support/signal.ts";

/** A proxy that is taken down with the test, however that ends. */
async function running(options: ProxyOptions): Promise<AsyncDisposable & { readonly proxy: TestProxy }> {
  const proxy = await startProxy(options);
  return { proxy, [Symbol.asyncDispose]: () => proxy.close() };
}

test(
  "Redis through a tcp listener: one of two is killed, and clients go on with the other",
  { skip: missing("redis-server") },
  async () => {
    const port = await freePorts(2);
    await using first = await startRedis(port);
    await using second = await startRedis(port + 1);
    assert.ok(second.process.pid !== first.process.pid);
    await using it = await running({
      origins: [`tcp://127.0.0.1:${port}`, `tcp://127.0.0.1:${port + 1}`],
      listener: { protocol: "tcp", pool: "app" },
      pool: { policy: "round-robin", health: { kind: "tcp", interval: "50ms", fall: 1 } },
    });
    const clients = await Promise.all(Array.from({ length: 10 }, () => connectRaw(it.proxy.port)));
    for (const [index, client] of clients.entries()) {
      client.send(`SET key-${index} ${"v".repeat(1000)}\r\nGET key-${index}\r\n`);
      await client.readUntil(`$1000\r\n${"v".repeat(1000)}\r\n`);
    }
    const [one, other] = it.proxy.endpoints;
    assert.deepEqual([one!.state.activeRequests, other!.state.activeRequests], [5, 5]);
    await first.kill();
    // Those on it learn at once; the others notice nothing.
    const endings = await Promise.all(
      clients.map(async (client, index) => (index % 2 === 0 ? client.ended() : null)),
    );
    assert.equal(endings.filter((ending) => ending !== null).length, 5);
    for (const client of clients.filter(({ ending }) => ending === null)) {
      client.send("PING\r\n");
      await client.readUntil("+PONG");
    }
    for (let i = 0; i < 10; i++) {
      const client = await connectRaw(it.proxy.port);
      client.send("PING\r\n");
      await client.readUntil("+PONG");
      client.destroy();
    }
    while (!one!.state.hasStatus("down")) await turns();
    for (const client of clients) client.destroy();
  },
);

test(
  "TLS is passed on to two nginx by the name the client asks for",
  { skip: missing("nginx", "openssl") },
  async () => {
    const port = await freePorts(2);
    const names = ["one.test", "two.test"];
    await using origins = new AsyncDisposableStack();
    await Promise.all(
      names.map(async (name, index) => {
        const { certificate, key } = certificateFor(name);
        const server = `server { listen 127.0.0.1:${port + index} ssl; ssl_certificate site.pem; ssl_certificate_key site.key; return 200 "I am ${name}"; }`;
        origins.use(await startNginx(port + index, server, { "site.pem": certificate, "site.key": key }));
      }),
    );
    await using it = await running({
      origins: [],
      listener: {
        protocol: "tcp",
        routes: names.map((name) => ({ match: { serverName: name }, pool: name })),
      },
      extraPools: Object.fromEntries(
        names.map((name, index) => [name, { endpoints: [`tcp://127.0.0.1:${port + index}`] }]),
      ),
    });
    for (const name of [...names, ...names]) {
      const client = connect({
        port: it.proxy.port,
        host: "127.0.0.1",
        servername: name,
        rejectUnauthorized: false,
      });
      await once(client, "secureConnect");
      assert.equal(client.getPeerCertificate().subject.CN, name);
      client.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
      let text = "";
      for await (const chunk of client) text += String(chunk);
      assert.match(text, new RegExp(`I am ${name}$`));
    }
    const stranger = connect({ port: it.proxy.port, host: "127.0.0.1", servername: "three.test" });
    const [error] = (await once(stranger, "error")) as [NodeJS.ErrnoException];
    assert.match(error.message, /unrecognized name/);
    const records = await Promise.all([1, 2, 3, 4, 5].map((count) => it.proxy.record(count)));
    // nginx resets a client that says goodbye when it has left itself; whether its end was seen before is chance.
    const causes = records.map(({ host, cause }) => `${host} ${cause ?? "-"}`.replace("reset-mid-body", "-"));
    assert.deepEqual(causes.toSorted(), [
      "one.test -",
      "one.test -",
      "three.test no-route",
      "two.test -",
      "two.test -",
    ]);
  },
);

for (const version of ["v1", "v2"] as const) {
  test(
    `nginx reads our PROXY header ${version}, over HTTP and over tcp, and our probe`,
    { skip: missing("nginx") },
    async () => {
      const port = await freePorts(1);
      await using nginx = await startNginx(
        port,
        `server { listen 127.0.0.1:${port} proxy_protocol; return 200 "$proxy_protocol_addr $proxy_protocol_port"; }`,
      );
      for (const protocol of ["http", "tcp"] as const) {
        await using it = await running({
          origins: [`tcp://127.0.0.1:${port}`],
          listener: protocol === "tcp" ? { protocol, pool: "app" } : {},
          pool: { proxyProtocol: version, health: { kind: "tcp", interval: "10ms", fall: 1 } },
        });
        const client = await connectRaw(it.proxy.port);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const response = await client.readResponse();
        assert.equal(response.body, `127.0.0.1 ${client.socket.localPort}`);
        client.destroy();
      }
      assert.doesNotMatch(nginx.output, /broken header/);
    },
  );

  test(
    `HAProxy tells us the client by ${version}, and is told by us`,
    { skip: missing("haproxy") },
    async () => {
      const port = await freePorts(2);
      const send = version === "v1" ? "send-proxy" : "send-proxy-v2";
      await using behind = await startHaproxy(
        port,
        `frontend in\n  mode http\n  bind 127.0.0.1:${port} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port]"`,
      );
      await using it = await running({
        origins: [`tcp://127.0.0.1:${port}`],
        listener: { protocol: "tcp", pool: "app", proxyProtocol: "required", trustedProxies: ["127.0.0.1"] },
        pool: { proxyProtocol: version },
      });
      await using front = await startHaproxy(
        port + 1,
        `listen front\n  mode tcp\n  bind 127.0.0.1:${port + 1}\n  server headgate 127.0.0.1:${it.proxy.port} ${send}`,
      );
      const client = await connectRaw(port + 1);
      client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      const response = await client.readResponse();
      assert.equal(response.body, `127.0.0.1 ${client.socket.localPort}`, front.output + behind.output);
      client.destroy();
      await front.kill();
    },
  );
}

test("nginx tells us the client, over HTTP and over tcp", { skip: noNginxStream }, async () => {
  for (const protocol of ["http", "tcp"] as const) {
    const port = await freePorts(1);
    const origin = await startRawOrigin({ respond: (_request, connection) => connection.end(okAnswer) });
    await using it = await running({
      origins: [protocol === "tcp" ? `tcp://127.0.0.1:${origin.port}` : origin.port],
      listener: {
        ...(protocol === "tcp" ? { protocol, pool: "app" } : {}),
        proxyProtocol: "required",
        trustedProxies: ["127.0.0.1"],
      },
    });
    await using front = await startNginxStream(
      port,
      `server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${it.proxy.port}; proxy_protocol on; }`,
    );
    const client = new RawClient(connectTcp({ port, host: "127.0.0.1", localAddress: "127.0.0.5" }));
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.equal((await client.readResponse()).status, 200, front.output);
    client.destroy();
    const { clientAddress, cause } = await it.proxy.record();
    assert.deepEqual([clientAddress, cause], ["127.0.0.5", null]);
    await front.kill();
    await origin.close();
  }
});

test(
  "a TLV that HAProxy sends us arrives at the HAProxy behind us",
  { skip: missing("haproxy") },
  async () => {
    const port = await freePorts(2);
    await using behind = await startHaproxy(
      port,
      `frontend in\n  mode http\n  bind 127.0.0.1:${port} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "%[fc_pp_unique_id]"`,
    );
    await using it = await running({
      origins: [`tcp://127.0.0.1:${port}`],
      listener: { protocol: "tcp", pool: "app", proxyProtocol: "required", trustedProxies: ["127.0.0.1"] },
      pool: { proxyProtocol: "v2" },
    });
    await using front = await startHaproxy(
      port + 1,
      `listen front\n  mode tcp\n  unique-id-format id-%ci-%cp\n  bind 127.0.0.1:${port + 1}\n  server headgate 127.0.0.1:${it.proxy.port} send-proxy-v2 proxy-v2-options unique-id`,
    );
    const client = await connectRaw(port + 1);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const response = await client.readResponse();
    assert.equal(response.body, `id-127.0.0.1-${client.socket.localPort}`, front.output + behind.output);
    client.destroy();
    await front.kill();
  },
);

test(
  "names are resolved by two dnsmasq over a udp listener, and by the other when one is gone",
  { skip: missing("dnsmasq") },
  async () => {
    const port = await freePorts(2);
    await using first = await startDnsmasq(port, "192.0.2.1");
    await using second = await startDnsmasq(port + 1, "192.0.2.2");
    await using it = await running({
      origins: [`udp://127.0.0.1:${port}`, `udp://127.0.0.1:${port + 1}`],
      listener: { protocol: "udp", pool: "app", timeouts: { datagramIdle: "50ms" } },
      pool: { policy: "round-robin" },
    });
    const answers = new Set<string>();
    for (let i = 0; i < 6; i++) answers.add(await resolveOnce(it.proxy.port, `name-${i}.test`));
    assert.deepEqual([...answers].toSorted(), ["192.0.2.1", "192.0.2.2"]);
    await first.kill();
    const later: string[] = [];
    while (later.filter((address) => address === "192.0.2.2").length < 5)
      later.push(await resolveOnce(it.proxy.port, "later.test"));
    assert.ok(!later.includes("192.0.2.1"), later.join(" "));
    assert.equal(second.process.exitCode, null);
  },
);

/** From a socket of its own, with as many tries as it takes. */
async function resolveOnce(port: number, name: string): Promise<string> {
  const resolver = new Resolver({ timeout: 200, tries: 20 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const [address = ""] = await resolver.resolve4(name);
  return address;
}

test(
  "towards nginx with TLS the PROXY header goes first, in the clear",
  { skip: missing("nginx", "openssl") },
  async () => {
    const port = await freePorts(1);
    const { certificate, key } = certificateFor("one.test");
    await using nginx = await startNginx(
      port,
      `server { listen 127.0.0.1:${port} ssl proxy_protocol; ssl_certificate site.pem; ssl_certificate_key site.key; return 200 "$proxy_protocol_port $https"; }`,
      { "site.pem": certificate, "site.key": key },
    );
    await using it = await running({
      origins: [`https://127.0.0.1:${port}`],
      pool: {
        proxyProtocol: "v2",
        tls: { insecure: true },
        health: { kind: "tcp", interval: "10ms", fall: 1 },
      },
    });
    const client = await connectRaw(it.proxy.port);
    for (let i = 0; i < 3; i++) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const response = await client.readResponse();
      assert.equal(response.body, `${client.socket.localPort} on`, nginx.output);
    }
    assert.equal(it.proxy.endpoints[0]!.state.readTotals().connectionReuses, 0);
    client.destroy();
  },
);
