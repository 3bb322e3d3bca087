/** What the listeners of one data plane answer while an authority validates names. Empty nearly always. */
import type { AcmeAnswer } from "../core/acme.ts";
import type { Clock } from "../core/clock.ts";
import type { ServerTlsSettings, TlsTerminator } from "../core/tls.ts";
import { plainResponse } from "../proxy/local-response.ts";
import type { Router } from "../proxy/proxy-context.ts";
import { localPlan } from "./local-plan.ts";
import { tlsPresets } from "./tls-presets.ts";

/** RFC 8737 §3: the protocol a validating authority offers, alone. */
const validationProtocol = "acme-tls/1";
const wellKnownPath = "/.well-known/acme-challenge/";

export class AcmeChallenges {
  readonly #createTlsTerminator: () => TlsTerminator;
  #keyAuthorizations = new Map<string, string>();
  #terminators = new Map<string, TlsTerminator>();

  constructor(createTlsTerminator: () => TlsTerminator) {
    this.#createTlsTerminator = createTlsTerminator;
  }

  /** Replaces what was to be answered. */
  set(answers: readonly AcmeAnswer[]): void {
    this.#keyAuthorizations = new Map();
    this.#terminators = new Map();
    for (const answer of answers) {
      if (answer.kind === "http-01") this.#keyAuthorizations.set(answer.token, answer.keyAuthorization);
      else {
        const terminator = this.#createTlsTerminator();
        terminator.update(settingsFor(answer));
        this.#terminators.set(answer.name, terminator);
      }
    }
  }

  /** Whether ClientHellos have to be looked at. */
  get hasTls(): boolean {
    return this.#terminators.size > 0;
  }

  /** Null for everybody but a validating authority. */
  terminatorFor(serverName: string | null, alpn: readonly string[]): TlsTerminator | null {
    if (serverName === null || alpn.length !== 1 || alpn[0] !== validationProtocol) return null;
    return this.#terminators.get(serverName) ?? null;
  }

  /** Answers tokens ahead of every route and redirect, on any HTTP listener. */
  ahead(router: Router, clock: Clock): Router {
    const plan = localPlan("acme-challenge", ({ path }) => {
      const text = this.#keyAuthorizations.get(path.slice(wellKnownPath.length)) ?? "";
      return plainResponse(200, text, "Cache-Control: no-store\r\n", clock, "application/octet-stream");
    });
    return {
      route: (scope) => {
        if (this.#keyAuthorizations.size === 0 || !scope.target.startsWith(wellKnownPath))
          return router.route(scope);
        const isKnown = this.#keyAuthorizations.has(scope.path.slice(wellKnownPath.length));
        return isKnown ? plan : router.route(scope);
      },
    };
  }
}

function settingsFor({ name, pair }: Extract<AcmeAnswer, { kind: "tls-alpn-01" }>): ServerTlsSettings {
  const { minVersion, ciphers, groups } = tlsPresets.intermediate;
  return {
    identities: [{ names: [name], pairs: [pair] }],
    minVersion,
    ciphers,
    groups,
    alpnProtocols: [validationProtocol],
    clientCertificates: null,
    ticketKeys: [],
    ticketLifetimeSeconds: 0,
    handshakeTimeoutMs: 10_000,
    handshakesMax: 100,
  };
}
