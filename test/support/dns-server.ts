/** A real DNS server (dnsmasq) on a port of its own, whose records a test changes while it runs. */
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { PeerProgram } from "./peer-program.ts";

export interface ServiceOnDns {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

export interface DnsRecords {
  /** Addresses by name. */
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  /** SRV records by name. */
  readonly services?: Readonly<Record<string, readonly ServiceOnDns[]>>;
}

/** Answers for everything below `example` itself, and refuses the rest. */
export class DnsServer implements AsyncDisposable {
  readonly port: number;
  readonly #ttlSeconds: number;
  #program: PeerProgram | null = null;

  constructor(port: number, ttlSeconds: number) {
    this.port = port;
    this.#ttlSeconds = ttlSeconds;
  }

  /** As a configuration names it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** From now on it knows these records and no others. Services cannot be changed without starting anew. */
  async setRecords(records: DnsRecords): Promise<void> {
    await this.stop();
    const folder = mkdtempSync(join(tmpdir(), "headgate-dns-"));
    // Started as root, it reads as somebody else.
    chmodSync(folder, 0o755);
    const hosts = join(folder, "hosts");
    const lines = Object.entries(records.addresses ?? {}).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`),
    );
    writeFileSync(hosts, lines.join(""));
    const services = Object.entries(records.services ?? {}).flatMap(([name, services]) =>
      services.map(
        ({ target, port, priority = 0, weight = 0 }) =>
          `--srv-host=${name},${target},${port},${priority},${weight}`,
      ),
    );
    this.#program = new PeerProgram(folder, "dnsmasq", [
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--log-facility=-",
      `--port=${this.port}`,
      "--listen-address=127.0.0.1",
      "--bind-interfaces",
      "--no-resolv",
      "--no-hosts",
      `--addn-hosts=${hosts}`,
      "--local=/example/",
      `--local-ttl=${this.#ttlSeconds}`,
      ...services,
    ]);
    await this.#program.reachable(this.port);
  }

  /** Nobody answers on its port any more. */
  async stop(): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    this.#program = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export async function startDnsServer(records: DnsRecords, ttlSeconds = 1): Promise<DnsServer> {
  const server = new DnsServer(await freePorts(1), ttlSeconds);
  await server.setRecords(records);
  return server;
}
