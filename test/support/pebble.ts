/** Pebble, the test authority of ACME, with a name server that says every name is here. */
import { freePorts } from "./free-ports.ts";
import { makeTestAuthority } from "./made-certificates.ts";
import { folderWith, PeerProgram } from "./peer-program.ts";

export interface PebbleOptions {
  /** Good nonces that are refused all the same, percent. */
  readonly nonceReject?: number;
  /** How often a proof that was given once is remembered, percent; half the time unless given. */
  readonly authorizationReuse?: number;
  /** Keys of external accounts by identifier; none: nobody needs one. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
  /** How long its certificates last; years unless given. */
  readonly validitySeconds?: number;
}

/** Where Pebble looks for the proof; free at the time. */
export interface PebblePorts {
  readonly http: number;
  readonly tls: number;
}

export class Pebble implements AsyncDisposable {
  readonly directory: string;
  /** Who vouches for Pebble's own HTTPS. */
  readonly caPem: string;
  readonly ports: PebblePorts;
  readonly #programs: readonly PeerProgram[];
  readonly #dnsUrl: string;

  constructor(
    directory: string,
    caPem: string,
    ports: PebblePorts,
    programs: readonly PeerProgram[],
    dnsUrl: string,
  ) {
    this.directory = directory;
    this.caPem = caPem;
    this.ports = ports;
    this.#programs = programs;
    this.#dnsUrl = dnsUrl;
  }

  get output(): string {
    return this.#programs[0]?.output ?? "";
  }

  /** A name points elsewhere from now on. */
  async point(name: string, address: string): Promise<void> {
    await this.#tellNames("clear-a", { host: `${name}.` });
    await this.#tellNames("add-a", { host: `${name}.`, addresses: [address] });
  }

  async #tellNames(what: string, body: unknown): Promise<void> {
    const answer = await fetch(`${this.#dnsUrl}/${what}`, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the name server says ${answer.status}`);
  }

  async kill(): Promise<void> {
    await this.#programs[0]?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program[Symbol.asyncDispose]();
  }
}

export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  const base = await freePorts(6);
  const [acme, management, dns, dnsManagement] = [base, base + 1, base + 2, base + 3];
  const ports = { http: base + 4, tls: base + 5 };
  const authority = await makeTestAuthority("CN=Authority of Pebble's own certificate");
  const own = await authority.leaf({ names: ["127.0.0.1"] });
  const names = new PeerProgram(folderWith({}), "pebble-challtestsrv", [
    ...["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""],
    ...["-dns01", `127.0.0.1:${dns}`, "-management", `127.0.0.1:${dnsManagement}`],
  ]);
  await names.reachable(dnsManagement);
  const { externalAccounts = {}, validitySeconds } = options;
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${acme}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: "own.pem",
      privateKey: "own.key",
      httpPort: ports.http,
      tlsPort: ports.tls,
      externalAccountBindingRequired: Object.keys(externalAccounts).length > 0,
      externalAccountMACKeys: externalAccounts,
      ...(validitySeconds === undefined ? {} : { certificateValidityPeriod: validitySeconds }),
    },
  };
  const pebble = new PeerProgram(
    folderWith({
      "config.json": JSON.stringify(config),
      "own.pem": own.certificatePem,
      "own.key": own.keyPem,
    }),
    "pebble",
    ["-config", "config.json", "-dnsserver", `127.0.0.1:${dns}`],
    {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 5),
      PEBBLE_AUTHZREUSE: String(options.authorizationReuse ?? 50),
    },
  );
  await pebble.reachable(acme);
  return new Pebble(
    `https://127.0.0.1:${acme}/dir`,
    authority.certificatePem,
    ports,
    [pebble, names],
    `http://127.0.0.1:${dnsManagement}`,
  );
}
