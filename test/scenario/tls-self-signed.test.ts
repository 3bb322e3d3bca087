/** `tls: self-signed`: an authority that is made once and kept for its owner, told how to trust, and trusted by those who do. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseConfig } from "../../src/config/parse.ts";
import { captureLog } from "../support/capture-log.ts";
import { CertificateFolder } from "../support/made-certificates.ts";
import { askTls, failureOf } from "../support/tls-client.ts";

const folder = new CertificateFolder();
after(() => folder[Symbol.dispose]());
// The data folder is looked for once, when the program is loaded.
process.env["XDG_DATA_HOME"] = folder.path;
const { startLoadBalancer } = await import("../../src/runtime/load-balancer.ts");

const fingerprint = /^[0-9A-F:]{95}$/;

const parsed = parseConfig({
  workers: 0,
  listeners: [{ address: "127.0.0.1:0", tls: "self-signed" }],
  routes: [{ respond: { status: 200, body: "hello" } }],
});

/** Serves, asks by these names, and stops: the leaf's fingerprint for each, or why there is none. */
async function serve(ca: () => string, names: readonly string[]): Promise<{ log: string; seen: string[] }> {
  assert("config" in parsed);
  const log = captureLog();
  const balancer = startLoadBalancer(parsed.config, { log });
  try {
    const [bound] = await balancer.listen();
    const seen: string[] = [];
    for (const servername of names) {
      const attempt = askTls(bound!.port, { ca: ca(), servername });
      const failure = await failureOf(attempt);
      seen.push(failure === "no failure" ? (await attempt).certificate.fingerprint256 : failure);
    }
    return { log: JSON.stringify(log.entries), seen };
  } finally {
    await balancer.close({ graceMs: 0 });
  }
}

test("clients that trust the authority are served, over restarts", async () => {
  const place = join(folder.path, "headgate", "authority");
  const ca = (): string => readFileSync(join(place, "ca.pem"), "utf8");
  const first = await serve(ca, ["localhost"]);
  assert.match(first.log, /made an authority for development certificates/);
  assert.ok(first.log.includes(`curl --cacert ${join(place, "ca.pem")}`), "it says how to trust it");
  assert.match(String(first.seen[0]), fingerprint);
  assert.deepEqual(
    [place, join(place, "ca.key")].map((path) => statSync(path).mode & 0o777),
    [0o700, 0o600],
  );
  const authority = ca();
  const second = await serve(() => authority, ["localhost"]);
  assert.equal(ca(), authority, "the authority is kept");
  assert.match(String(second.seen[0]), fingerprint, "and still trusted");
  assert.notEqual(second.seen[0], first.seen[0], "while the leaf is new");
  assert.doesNotMatch(second.log, /made an authority/);
});
