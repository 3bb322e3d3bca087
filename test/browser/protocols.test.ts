/** What a page in Chromium does over one TLS connection with HTTP/2: fetches, server-sent events, a WebSocket. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { missingBrowser, patienceMs, startBrowser } from "../support/browser.ts";
import { testCertificatePem, testKeyPem } from "../support/certificates.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { startProxy } from "../support/start-proxy.ts";

async function startOrigin(): Promise<{ port: number; close(): void }> {
  const server = createServer((request, response) => {
    if (request.url === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      return void response.write("data: two\n\n");
    }
    response.setHeader("content-type", "text/html");
    if (request.method === "POST") request.pipe(response);
    else response.end("<title>t</title>");
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (message: Buffer) => socket.send(`echo ${message.toString()}`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    sockets.close();
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Runs in the page. */
async function useEverything(): Promise<string[]> {
  const posted = await fetch("/post", { method: "POST", body: "x".repeat(300_000) });
  const events = new EventSource("/events");
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    events.addEventListener("message", ({ data }) => {
      if (heard.push(String(data)) === 2) resolve();
    });
  });
  const socket = new WebSocket("/chat");
  const echoed = await new Promise<string>((resolve, reject) => {
    socket.addEventListener("open", () => socket.send("hello"));
    socket.addEventListener("message", ({ data }) => resolve(String(data)));
    socket.addEventListener("error", () => reject(new Error("the WebSocket failed")));
  });
  const closed = new Promise<string>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve(`${code} ${reason}`));
  });
  socket.close(4000, "done");
  events.close();
  return [String((await posted.text()).length), ...heard, echoed, await closed];
}

test(
  "a page fetches, listens and talks over one connection",
  { skip: missingBrowser(), timeout: 3 * patienceMs },
  async (t) => {
    using folder = new CertificateFolder();
    const pair = folder.pair("localhost", {
      certificatePem: testCertificatePem,
      keyPem: testKeyPem,
      serialNumber: "",
    });
    const origin = await startOrigin();
    t.after(() => origin.close());
    const proxy = await startProxy({
      origins: [origin.port],
      listener: { tls: { certificates: [pair] } },
    });
    t.after(() => proxy.close());
    const browser = await startBrowser();
    t.after(() => browser.close());
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    await page.goto(`https://localhost:${proxy.port}/`);
    assert.deepEqual(await page.evaluate(useEverything), ["300000", "one", "two", "echo hello", "4000 done"]);
    await proxy.changed.until("its end", () => proxy.records.some(({ target }) => target === "/events"));
    const seen = new Map(
      proxy.records.map(({ target, protocol, isTunnel }) => [target, [protocol, isTunnel]]),
    );
    assert.deepEqual(seen.get("/"), ["HTTP/2", false]);
    assert.deepEqual(seen.get("/post"), ["HTTP/2", false]);
    assert.deepEqual(seen.get("/events"), ["HTTP/2", false]);
    assert.deepEqual(seen.get("/chat"), ["HTTP/2", true]);
  },
);
