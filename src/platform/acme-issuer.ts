/**
 * Certificates from an ACME authority with the library `acme-client`, which is loaded only when one is
 * wanted. One account per store; its key is made once and kept. Requests go through our own transport:
 * the library's would wait for hours when it is told to come back later.
 */
import type * as Acme from "acme-client";
import { X509Certificate } from "node:crypto";
import {
  type AcmeAccount,
  type AcmeAnswer,
  AcmeError,
  type AcmeIssuer,
  type CertificateRequest,
  type PrivateStore,
  type RenewalWindow,
} from "../core/acme.ts";
import type { KeyPair } from "../core/tls.ts";
import { renewalIdentifier } from "./acme-renewal.ts";
import { AcmeTransport } from "./acme-transport.ts";

/** Looks for the outcome after 0.3 s, 0.6 s … 10 s, about a minute in all. */
const patience = { backoffAttempts: 11, backoffMin: 300, backoffMax: 10_000 };
const nonceRetriesMax = 20;
const issueTimeoutMs = 180_000;

type Library = typeof Acme;
type NewOrder = Parameters<Acme.Client["createOrder"]>[0];

/** The library's HTTP client, replaced by ours. */
interface LibraryHttp {
  request: AcmeTransport["request"];
  maxBadNonceRetries: number;
  getResourceUrl(resource: string): Promise<string>;
}

export function createAcmeIssuer(account: AcmeAccount, store: PrivateStore): AcmeIssuer {
  return new Issuer(account, store);
}

class Issuer implements AcmeIssuer {
  readonly #account: AcmeAccount;
  readonly #store: PrivateStore;
  readonly #transport: AcmeTransport;
  /** One registration for all who ask at once. */
  #client: Promise<Acme.Client> | null = null;

  constructor(account: AcmeAccount, store: PrivateStore) {
    this.#account = account;
    this.#store = store;
    this.#transport = new AcmeTransport(account.caPem);
  }

  issue(request: CertificateRequest): Promise<KeyPair> {
    return within(issueTimeoutMs, this.#issue(request));
  }

  async revoke(certificatePem: string): Promise<void> {
    const client = await this.#ready();
    await asAcmeError(client.revokeCertificate(certificatePem));
  }

  async renewalWindow(certificatePem: string): Promise<RenewalWindow | null> {
    const identifier = renewalIdentifier(new X509Certificate(certificatePem));
    const url = await renewalInfoUrl(await this.#ready());
    if (identifier === null || url === null) return null;
    const { data } = await this.#transport.request(`${url.replace(/\/$/, "")}/${identifier}`, "get");
    return readWindow(data);
  }

  close(): void {
    this.#transport.close();
  }

  #ready(): Promise<Acme.Client> {
    this.#client ??= asAcmeError(this.#register()).catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }

  async #register(): Promise<Acme.Client> {
    const { directoryUrl, email, externalAccount } = this.#account;
    const acme = await loadLibrary();
    const accountKey = await this.#accountKey(acme);
    const accountUrl = this.#store.read("account.url");
    const client = new acme.Client({
      ...patience,
      directoryUrl,
      accountKey,
      ...(accountUrl === null ? {} : { accountUrl }),
      ...(externalAccount === null
        ? {}
        : { externalAccountBinding: { kid: externalAccount.keyId, hmacKey: externalAccount.key } }),
    });
    const http = httpOf(client);
    http.request = (url, method, options) => this.#transport.request(url, method, withJose(options));
    http.maxBadNonceRetries = nonceRetriesMax;
    if (accountUrl === null) {
      await client.createAccount({
        termsOfServiceAgreed: true,
        ...(email === null ? {} : { contact: [`mailto:${email}`] }),
      });
      this.#store.write("account.url", client.getAccountUrl());
    }
    return client;
  }

  async #accountKey(acme: Library): Promise<string> {
    const known = this.#store.read("account.key");
    if (known !== null) return known;
    const made = (await acme.crypto.createPrivateEcdsaKey()).toString();
    this.#store.write("account.key", made);
    return made;
  }

  async #issue(request: CertificateRequest): Promise<KeyPair> {
    const acme = await loadLibrary();
    const client = await this.#ready();
    try {
      return await asAcmeError(this.#order(acme, client, request));
    } catch (error) {
      // An authority that has lost its accounts gets a new one at the next try.
      if (error instanceof AcmeError && error.problem === "accountDoesNotExist") {
        this.#store.remove("account.url");
        this.#client = null;
      }
      throw error;
    }
  }

  async #order(acme: Library, client: Acme.Client, request: CertificateRequest): Promise<KeyPair> {
    const { name, keyKind } = request;
    const order = await placeOrder(client, request);
    for (const authorization of await client.getAuthorizations(order))
      await prove(acme, client, authorization, request);
    const ownKey =
      keyKind === "rsa"
        ? await acme.crypto.createPrivateRsaKey(2048)
        : await acme.crypto.createPrivateEcdsaKey();
    const [key, csr] = await acme.crypto.createCsr({ altNames: [name] }, ownKey);
    const finalized = await client.finalizeOrder(order, csr);
    const certificatePem = await client.getCertificate(finalized);
    return { certificatePem, keyPem: key.toString() };
  }
}

/** Says which certificate it replaces where that is understood (RFC 9773 §5): limits of rates do not hold for such orders. */
async function placeOrder(
  client: Acme.Client,
  { name, replacesPem }: CertificateRequest,
): Promise<Acme.Order> {
  const order: NewOrder = { identifiers: [{ type: "dns", value: name }] };
  const isRenewal = replacesPem !== null && (await renewalInfoUrl(client)) !== null;
  const replaces = isRenewal ? renewalIdentifier(new X509Certificate(replacesPem)) : null;
  if (replaces === null) return client.createOrder(order);
  try {
    return await client.createOrder({ ...order, replaces } as NewOrder);
  } catch (error) {
    // Another order has done so, or the authority does not know the certificate any more.
    const isAboutIt =
      error instanceof AcmeError && (error.problem === "alreadyReplaced" || error.problem === "malformed");
    if (!isAboutIt) throw error;
    return client.createOrder(order);
  }
}

/** Null where the directory has no such entry: RFC 9773 is not offered. */
async function renewalInfoUrl(client: Acme.Client): Promise<string | null> {
  try {
    return await httpOf(client).getResourceUrl("renewalInfo");
  } catch (error) {
    if (error instanceof AcmeError) throw error;
    return null;
  }
}

/** Shows that the name is ours, unless the authority still remembers. */
async function prove(
  acme: Library,
  client: Acme.Client,
  authorization: Acme.Authorization,
  request: CertificateRequest,
): Promise<void> {
  if (authorization.status === "valid") return;
  const challenge = authorization.challenges.find(({ type }) => type === request.challenge);
  if (challenge === undefined)
    throw new AcmeError("refused", `the authority offers no ${request.challenge} for ${request.name}`);
  const keyAuthorization = await client.getChallengeKeyAuthorization(challenge);
  const answer = await answerOf(acme, authorization, challenge.token, keyAuthorization, request);
  await request.publish(answer);
  try {
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  } finally {
    request.withdraw(answer);
  }
}

async function answerOf(
  acme: Library,
  authorization: Acme.Authorization,
  token: string,
  keyAuthorization: string,
  { name, challenge }: CertificateRequest,
): Promise<AcmeAnswer> {
  if (challenge === "http-01") return { kind: challenge, name, token, keyAuthorization };
  const ownKey = await acme.crypto.createPrivateEcdsaKey();
  const [key, certificate] = await acme.crypto.createAlpnCertificate(authorization, keyAuthorization, ownKey);
  return { kind: challenge, name, pair: { certificatePem: certificate.toString(), keyPem: key.toString() } };
}

async function loadLibrary(): Promise<Library> {
  const module = (await import("acme-client")) as Library & { readonly default?: Library };
  return module.default ?? module;
}

function httpOf(client: Acme.Client): LibraryHttp {
  return (client as unknown as { readonly http: LibraryHttp }).http;
}

function withJose(options: Parameters<AcmeTransport["request"]>[2]): { headers: Record<string, string> } {
  return { ...options, headers: { "content-type": "application/jose+json" } };
}

/** Whatever the library throws was said by the authority about the order, unless it is an AcmeError already. */
async function asAcmeError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AcmeError) throw error;
    throw new AcmeError("failed", error instanceof Error ? error.message : String(error));
  }
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new AcmeError("unreachable", "the authority did not come to an end in time")),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

function readWindow(data: unknown): RenewalWindow | null {
  const window = (data as { suggestedWindow?: { start?: unknown; end?: unknown } } | null)?.suggestedWindow;
  const startWallMs = Date.parse(String(window?.start));
  const endWallMs = Date.parse(String(window?.end));
  return endWallMs > startWallMs ? { startWallMs, endWallMs } : null;
}
