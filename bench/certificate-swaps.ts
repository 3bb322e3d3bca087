/**
 * Certificates changed a hundred times under load: Headgate with two workers, clients that shake hands all the
 * time (every third resumes a session), the files replaced and read anew through the admin API. Ends with
 * status 1 when a handshake or a request failed or the new certificate was not shown.
 *
 *   node bench/certificate-swaps.ts --swaps 100 --clients 16
 */
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { loadCore, proxyCore } from "./measure.ts";
import { startOrigin } from "./support/origin.ts";
import { freePort, startPinned, waitUntilReady, withCleanUp } from "./support/processes.ts";
import { siteIn } from "./support/site.ts";

const { values: options } = parseArgs({
  options: { swaps: { type: "string", default: "100" }, clients: { type: "string", default: "16" } },
});

const program = new URL("../bin/headgate.js", import.meta.url).pathname;
const counts = { handshakes: 0, resumed: 0, failures: 0 };
let isOver = false;

/** One connection, one request; resolves with the session to resume. */
async function visit(port: number, session: Buffer | undefined): Promise<Buffer | undefined> {
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    rejectUnauthorized: false,
    ...(session === undefined ? {} : { session }),
  });
  let ticket: Buffer | undefined;
  socket.on("session", (bytes: Buffer) => (ticket = bytes));
  try {
    await once(socket, "secureConnect");
    counts.handshakes++;
    if (socket.isSessionReused()) counts.resumed++;
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const bytes of socket) text += (bytes as Buffer).toString("latin1");
    if (!text.startsWith("HTTP/1.1 200 ")) throw new Error(`answered ${text.slice(0, 20)}`);
  } catch (error) {
    counts.failures++;
    console.error(String(error));
  } finally {
    socket.destroy();
  }
  return ticket;
}

async function client(port: number): Promise<void> {
  let session: Buffer | undefined;
  for (let turn = 0; !isOver; turn++) {
    const ticket = await visit(port, session);
    session = turn % 3 === 2 ? ticket : undefined;
  }
}

/** SHA-256, lower-case hexadecimal, of the certificate that a new client is shown. */
async function shownFingerprint(port: number): Promise<string> {
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  // Not cut off: the last of the handshake may not have left yet.
  socket.end("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").resume();
  await once(socket, "close");
  return fingerprint256.replaceAll(":", "").toLowerCase();
}

async function statusOf(url: string): Promise<number | null> {
  return fetch(url).then(
    ({ status }) => status,
    () => null,
  );
}

await withCleanUp(async (workFolder) => {
  const origin = await startOrigin(workFolder, loadCore);
  const pairs = ["a", "b"].map((name) => {
    mkdirSync(join(workFolder, name));
    return siteIn(join(workFolder, name));
  });
  const shown = { certificate: join(workFolder, "shown.pem"), key: join(workFolder, "shown.key") };
  const show = (index: number): void => {
    const pair = pairs[index % 2];
    if (pair === undefined) return;
    copyFileSync(pair.key, shown.key);
    copyFileSync(pair.certificate, shown.certificate);
  };
  show(0);
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(workFolder, "headgate.yaml");
  writeFileSync(
    file,
    `workers: 2
listeners: [{ address: "127.0.0.1:${port}", tls: { certificates: { certificate: ${shown.certificate}, key: ${shown.key} } } }]
pools: { app: { endpoints: ["http://127.0.0.1:${origin.port}"] } }
admin: { address: "127.0.0.1:${adminPort}" }
`,
  );
  const headgate = startPinned("headgate", proxyCore, [process.execPath, program, "run", file]);
  await waitUntilReady(headgate, port, "https");
  // The admin API comes up behind the listeners.
  while ((await statusOf(`http://127.0.0.1:${adminPort}/readyz`)) !== 200) await wait(20);
  const clients = Array.from({ length: Number(options.clients) }, () => client(port));
  const started = performance.now();
  for (let swap = 1; swap <= Number(options.swaps); swap++) {
    const before = counts.handshakes;
    show(swap);
    const answer = await fetch(`http://127.0.0.1:${adminPort}/v1/certificates/refresh`, { method: "POST" });
    if (!answer.ok) throw new Error(`refresh ${swap}: ${await answer.text()}`);
    const { certificates } = (await answer.json()) as { certificates: { fingerprint: string }[] };
    // A worker may take a moment to hear of it; none may take two.
    for (let look = 0; (await shownFingerprint(port)) !== certificates[0]?.fingerprint; look++)
      if (look === 50) throw new Error(`swap ${swap}: the old certificate is still shown`);
    while (counts.handshakes < before + 20) await visit(port, undefined);
  }
  isOver = true;
  await Promise.all(clients);
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const failed = /headgate_listener_tls_failed_handshakes_total\{[^}]*\} (\d+)/.exec(metrics)?.[1] ?? "?";
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${options.swaps} swaps in ${seconds.toFixed(1)} s, ${counts.handshakes} handshakes, ${counts.resumed} resumed, ` +
      `${counts.failures} failures at clients, ${failed} at Headgate`,
  );
  process.exitCode = counts.failures === 0 && failed === "0" ? 0 : 1;
});
