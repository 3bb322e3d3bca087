/** A certificate for localhost, made by openssl, for peers that speak TLS. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PeerFront } from "../peer.ts";

type SecureFront = Extract<PeerFront, { certificate: string }>;

/** Made once per folder. */
export function siteIn(workFolder: string): Pick<SecureFront, "certificate" | "key"> {
  const certificate = join(workFolder, "site.pem");
  const key = join(workFolder, "site.key");
  if (!existsSync(certificate)) {
    const options =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
    const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const made = spawnSync("openssl", [...options.split(" "), ...names, "-keyout", key, "-out", certificate]);
    if (made.status !== 0) throw new Error(`openssl made no certificate: ${String(made.stderr)}`);
  }
  return { certificate, key };
}
