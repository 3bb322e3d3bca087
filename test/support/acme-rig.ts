/** A whole balancer with automatic certificates from a Pebble of its own. */
import { parseConfig } from "../../src/config/parse.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { AcmeEntryStatus } from "../../src/runtime/acme-entry.ts";
import { startLoadBalancer } from "../../src/runtime/load-balancer.ts";
import type { OperatedLoadBalancer } from "../../src/runtime/load-balancer-interface.ts";
import { missing } from "./peer-program.ts";
import { CertificateFolder } from "./made-certificates.ts";
import type { Pebble } from "./pebble.ts";
import { turns } from "./signal.ts";

/** Why these tests cannot run here; false when they can. */
export const noPebble = missing("pebble", "pebble-challtestsrv");

/** Longer than an order takes on a busy machine. */
const patienceMs = 30_000;

type AcmeInput = Partial<NonNullable<ConfigInput["acme"]>>;
type TlsInput = Exclude<
  NonNullable<Exclude<NonNullable<ConfigInput["listeners"]>[number], string>["tls"]>,
  string
>;

export interface AcmeRigOptions {
  readonly tls: TlsInput;
  readonly acme?: AcmeInput;
  readonly config?: ConfigInput;
  /** What an earlier run has left. */
  readonly folder?: CertificateFolder;
}

export class AcmeRig implements AsyncDisposable {
  readonly balancer: OperatedLoadBalancer;
  readonly folder: CertificateFolder;
  readonly #ownsFolder: boolean;

  constructor(balancer: OperatedLoadBalancer, folder: CertificateFolder, ownsFolder: boolean) {
    this.balancer = balancer;
    this.folder = folder;
    this.#ownsFolder = ownsFolder;
  }

  status(name: string): AcmeEntryStatus {
    const found = this.balancer.acme.statuses.find((status) => status.name === name);
    if (found === undefined) throw new TypeError(`no entry for ${name}`);
    return found;
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const giveUp = AbortSignal.timeout(patienceMs);
    while (!holds()) {
      if (giveUp.aborted)
        throw new Error(`waited for ${what} in vain: ${JSON.stringify(this.balancer.acme.statuses)}`);
      await turns(5);
    }
  }

  /** Issued, and shown. */
  async untilShown(name: string): Promise<void> {
    await this.until(`a certificate for ${name}`, () =>
      this.balancer.certificates.some(({ source }) => source === `acme ${name}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.balancer.close({ graceMs: 100 });
    if (this.#ownsFolder) this.folder[Symbol.dispose]();
  }
}

/** Listeners `plain` (which redirects to HTTPS) and `secure` stand where Pebble looks. */
export async function startAcmeRig(pebble: Pebble, options: AcmeRigOptions): Promise<AcmeRig> {
  const folder = options.folder ?? new CertificateFolder();
  const result = parseConfig(acmeConfig(pebble, folder, options));
  if ("issues" in result) throw new TypeError(result.issues.map(({ message }) => message).join("\n"));
  const balancer = startLoadBalancer(result.config);
  try {
    await balancer.listen();
  } catch (error) {
    await balancer.close({ graceMs: 0 });
    throw error;
  }
  return new AcmeRig(balancer, folder, options.folder === undefined);
}

/** As users would write it. */
export function acmeConfig(
  pebble: Pebble,
  folder: CertificateFolder,
  { tls, acme, config }: AcmeRigOptions,
): ConfigInput {
  return {
    workers: 0,
    listeners: [
      { name: "plain", address: `127.0.0.1:${pebble.ports.http}`, redirectToHttps: pebble.ports.tls },
      { name: "secure", address: `127.0.0.1:${pebble.ports.tls}`, tls: { source: "acme", ...tls } },
    ],
    routes: [{ respond: { status: 200, body: "hello" } }],
    acme: {
      directory: pebble.directory,
      agreeToTerms: true,
      ca: folder.write("acme-ca.pem", pebble.caPem),
      folder: `${folder.path}/acme`,
      ...acme,
    },
    ...config,
  };
}
