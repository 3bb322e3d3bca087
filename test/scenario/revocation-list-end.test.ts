/** A list of revoked certificates that comes to its end: OpenSSL lets nobody in then, so it is told before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { authority, ca, startTls } from "../support/tls-rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("The end of a list is told when a quarter of its life is left, and when it has come", async () => {
  using folder = new CertificateFolder();
  const clock = new VirtualClock(Date.now());
  const told: string[] = [];
  const log = {
    ...silentLog,
    warn: (_message: string, fields = {}) => void told.push(JSON.stringify(fields)),
  };
  const crl = folder.write("crl.pem", await authority.revocationList([], 1));
  const clientCertificates = { ca: folder.write("clients.pem", ca), crl };
  await using _ = await startTls(folder, { clientCertificates }, { clock, log });
  const halfDayMs = 43_200_000;
  const news = (): string[] => told.splice(0).filter((line) => line.includes(crl));
  assert.deepEqual(news(), []);
  clock.advance(halfDayMs + 5000);
  assert.match(news().join("\n"), /expires on .* nobody is let in from then on/);
  clock.advance(halfDayMs);
  assert.match(news().join("\n"), /has expired on .*: nobody is let in"/);
});
