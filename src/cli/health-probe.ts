/** One backend of the health checker: its name kept resolved, and the probe that fits its URL. */
import type { EndpointAddress } from "../core/address.ts";
import type { DialTarget } from "../core/transport.ts";
import { createHttpProbe } from "../health/http-probe.ts";
import type { Probe, ProbeResult, ProbeTarget } from "../health/probe.ts";
import { createTcpProbe } from "../health/tcp-probe.ts";
import { systemClock } from "../platform/clock.ts";
import { createDialer } from "../platform/dialer.ts";
import { createResolver } from "../platform/resolve.ts";

export interface CheckSettings {
  /** Null for a probe that only connects. */
  readonly path: string | null;
  readonly isVerified: boolean;
}

export class CheckedBackend {
  readonly name: string;
  readonly probe: Probe;
  readonly #address: EndpointAddress;
  readonly #isVerified: boolean;
  #targets: readonly DialTarget[] = [];
  #validUntilMs = Number.NEGATIVE_INFINITY;

  constructor(address: EndpointAddress, settings: CheckSettings) {
    this.name = address.name;
    this.#address = address;
    this.#isVerified = settings.isVerified;
    this.probe =
      settings.path === null ? createTcpProbe(createDialer(null), systemClock) : httpProbe(settings.path);
  }

  /** Where it is, as far as known; null while its name has no address. Asks again when the answer is out of date. */
  target(): ProbeTarget | null {
    if (systemClock.nowMs() >= this.#validUntilMs) void this.resolve();
    if (this.#targets.length === 0) return null;
    const { scheme, host, authority } = this.#address;
    const certificates = { caPem: null, certificatePem: null, keyPem: null };
    const tls =
      scheme === "https" ? { serverName: host, isVerified: this.#isVerified, ...certificates } : null;
    return { addresses: this.#targets, tls, authority };
  }

  resolve(): Promise<void> {
    const { kind, host, port, socketPath } = this.#address;
    if (kind === "unix") {
      this.#targets = [{ kind: "unix", path: socketPath }];
      this.#validUntilMs = Number.POSITIVE_INFINITY;
      return Promise.resolve();
    }
    return new Promise((resolved) => {
      createResolver().resolve(host, (answer) => {
        const isKnown = "addresses" in answer;
        this.#targets = isKnown ? answer.addresses.map((address) => ({ kind: "tcp", address, port })) : [];
        this.#validUntilMs = systemClock.nowMs() + (isKnown ? answer.ttlMs : 0);
        resolved();
      });
    });
  }

  async askOnce(timeoutMs: number): Promise<ProbeResult> {
    await this.resolve();
    const target = this.target();
    if (target === null) {
      return { isOk: false, latencyMs: 0, cause: "name-unresolved", detail: "the name has no address" };
    }
    return new Promise((done) => this.probe.probe(target, timeoutMs, done));
  }
}

function httpProbe(path: string): Probe {
  const expectedStatus = [{ from: 200, to: 399 }];
  return createHttpProbe(
    { method: "GET", path, host: null, headers: {}, expectedStatus, expectedBody: null },
    systemClock,
  );
}
