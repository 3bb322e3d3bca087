/** OCSP responses from openssl's responder, stapled for certificates that ask for it, as openssl's client sees them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import tls from "node:tls";
import { freePorts } from "../support/free-ports.ts";
import { CertificateFolder, type MadeCertificate } from "../support/made-certificates.ts";
import { folderWith, missing, PeerProgram } from "../support/peer-program.ts";
import { turns } from "../support/signal.ts";
import { authority, ca, localhost, startTls } from "../support/tls-rig.ts";

/** openssl's responder: `V` for good, `R` for revoked. */
async function startResponder(
  port: number,
  entries: readonly (readonly [certificate: MadeCertificate, state: "V" | "R"])[],
): Promise<PeerProgram> {
  const lines = entries.map(([{ serialNumber }, state]) => {
    const revoked = state === "R" ? "260101000000Z" : "";
    return `${state}\t361121000000Z\t${revoked}\t${serialNumber.toUpperCase()}\tunknown\t/CN=x\n`;
  });
  const folder = folderWith({
    "index.txt": lines.join(""),
    "ca.pem": ca,
    "ca.key": await authority.keyPem(),
  });
  const who = ["-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-index", "index.txt"];
  const args = ["ocsp", "-port", String(port), "-nmin", "60", "-ignore_err", ...who];
  const program = new PeerProgram(folder, "openssl", args);
  // A connection that only looks whether it is there would hold it up.
  const giveUp = AbortSignal.timeout(20_000);
  while (!program.output.includes("waiting for OCSP")) {
    if (giveUp.aborted || program.process.exitCode !== null) throw new Error(program.output);
    await turns(2);
  }
  return program;
}

/** The staple of a handshake; null when there was none. */
async function stapleOf(port: number, servername: string): Promise<Buffer | null> {
  const options = { port, host: "127.0.0.1", servername, ca, requestOCSP: true };
  const socket = tls.connect(options);
  let staple: Buffer | null = null;
  socket.once("OCSPResponse", (response: Buffer | null) => (staple = response));
  await once(socket, "secureConnect");
  socket.end("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").resume();
  await once(socket, "close");
  return staple;
}

function withIssuer(certificate: MadeCertificate): MadeCertificate {
  return { ...certificate, certificatePem: `${certificate.certificatePem}\n${ca}` };
}

test(
  "A certificate that asks for it is stapled, its neighbour is not, and a revoked one neither",
  { skip: missing("openssl"), timeout: 60_000 },
  async () => {
    using folder = new CertificateFolder();
    const port = await freePorts(1);
    const stapledFrom = `http://127.0.0.1:${port}/`;
    const asks = await authority.leaf({ names: ["asks.test"], stapledFrom });
    const revoked = await authority.leaf({ names: ["revoked.test"], stapledFrom });
    await using responder = await startResponder(port, [
      [asks, "V"],
      [revoked, "R"],
    ]);
    const certificates = [
      folder.pair("localhost", localhost),
      folder.pair("asks", withIssuer(asks)),
      folder.pair("revoked", withIssuer(revoked)),
    ];
    await using rig = await startTls(folder, { certificates });
    let staple = await stapleOf(rig.proxy.port, "asks.test");
    for (let look = 0; staple === null && look < 2000; look++) {
      await turns(2);
      staple = await stapleOf(rig.proxy.port, "asks.test");
    }
    assert.ok(staple !== null && staple.length > 100, responder.output);
    assert.equal(await stapleOf(rig.proxy.port, "localhost"), null);
    assert.equal(await stapleOf(rig.proxy.port, "revoked.test"), null);

    // openssl verifies what is stapled.
    const file = folder.write("ca.pem", ca);
    const where = ["-connect", `127.0.0.1:${rig.proxy.port}`, "-servername", "asks.test", "-status"];
    await using client = new PeerProgram(folderWith({}), "openssl", ["s_client", ...where, "-CAfile", file]);
    await once(client.process, "close");
    assert.match(client.output, /OCSP Response Status: successful/);
    assert.match(client.output, /Cert Status: good/);
  },
);
