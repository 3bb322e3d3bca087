/**
 * Endpoints from DNS. Every address is an endpoint of its own, so that each is balanced, probed and shown
 * by itself. The order of an answer rotates and means nothing: endpoints come sorted.
 */
import { tooManyText } from "../config/endpoint-list.ts";
import type { EndpointConfig } from "../config/schema-endpoint.ts";
import type { SourceConfigOf } from "../config/schema-source.ts";
import { isHostName } from "../core/address.ts";
import type { DnsAnswer, DnsClient, DnsQuestionType, DnsRecord, ServiceRecord } from "../core/dns.ts";
import type { Look, SourceAnswer } from "./endpoint-source.ts";
import { foundEndpoint } from "./found-endpoint.ts";

type DnsConfig = SourceConfigOf<"dns"> | SourceConfigOf<"srv">;

/** Targets of SRV records that are asked about at the same time. */
const asksAtOnce = 8;
/** The last of our tiers. */
const tierMax = 127;

/** What was learned of a name: where it is, and for how long that holds. */
type Addresses =
  | { readonly addresses: readonly string[]; readonly ttlSeconds: number }
  | { readonly problem: string };

/** Every A and AAAA record of the name. */
export function lookForAddresses(config: SourceConfigOf<"dns">, client: DnsClient): Look {
  return (done) =>
    askAddresses(config, client, config.name, (answer) => {
      if ("problem" in answer) return done({ kind: "failed", reason: `${config.name}: ${answer.problem}` });
      const endpoints = answer.addresses
        .toSorted()
        .map((address) => foundEndpoint({ scheme: config.scheme, address, port: config.port }));
      done(found(endpoints, answer.ttlSeconds, config));
    });
}

/** Every address of every target of the name's SRV records. */
export function lookForServices(config: SourceConfigOf<"srv">, client: DnsClient): Look {
  return (done) => {
    const looking = new ServiceLook(config, client, done);
    looking.start();
    return () => looking.giveUp();
  };
}

function askAddresses(
  config: DnsConfig,
  client: DnsClient,
  name: string,
  done: (answer: Addresses) => void,
): () => void {
  const types: readonly DnsQuestionType[] =
    config.family === "any" ? ["A", "AAAA"] : [config.family === "ipv4" ? "A" : "AAAA"];
  const answers: DnsAnswer[] = [];
  const cancels = types.map((type) =>
    client.ask(question(config, name, type), (answer) => {
      answers.push(answer);
      if (answers.length === types.length) done(joined(answers));
    }),
  );
  return () => {
    for (const cancel of cancels) cancel();
  };
}

function question(config: DnsConfig, name: string, type: DnsQuestionType): Parameters<DnsClient["ask"]>[0] {
  return { name, type, servers: config.servers, timeoutMs: config.timeout };
}

/** Half an answer is none: the missing family's endpoints would be taken for removed. */
function joined(answers: readonly DnsAnswer[]): Addresses {
  const addresses: string[] = [];
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (const answer of answers) {
    if ("problem" in answer) return answer;
    addresses.push(...answer.records.flatMap(addressOf));
    // A name without addresses of one family is asked about as often as the other family's last.
    if (answer.records.length > 0) ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
  }
  return { addresses: [...new Set(addresses)], ttlSeconds: Number.isFinite(ttlSeconds) ? ttlSeconds : 0 };
}

function addressOf(record: DnsRecord): string[] {
  return record.type === "SRV" ? [] : [record.address];
}

function found(
  endpoints: readonly EndpointConfig[],
  ttlSeconds: number,
  { ttlMin, ttlMax, endpointsMax }: DnsConfig,
): SourceAnswer {
  const tooMany = tooManyText(endpoints.length, endpointsMax);
  if (tooMany !== null) return { kind: "failed", reason: tooMany };
  return { kind: "found", endpoints, nextMs: Math.min(Math.max(ttlSeconds * 1000, ttlMin), ttlMax) };
}

/** SRV records, then the addresses of their targets, some at a time. */
class ServiceLook {
  readonly #config: SourceConfigOf<"srv">;
  readonly #client: DnsClient;
  readonly #done: (answer: SourceAnswer) => void;
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #cancels = new Set<() => void>();
  #records: readonly ServiceRecord[] = [];
  #waiting: string[] = [];
  #ttlSeconds = Number.POSITIVE_INFINITY;
  #isOver = false;

  constructor(config: SourceConfigOf<"srv">, client: DnsClient, done: (answer: SourceAnswer) => void) {
    this.#config = config;
    this.#client = client;
    this.#done = done;
  }

  start(): void {
    const { name } = this.#config;
    const cancel = this.#client.ask(question(this.#config, name, "SRV"), (answer) => {
      this.#cancels.delete(cancel);
      if ("problem" in answer) this.#fail(`${name}: ${answer.problem}`);
      else this.#take(answer);
    });
    this.#cancels.add(cancel);
  }

  giveUp(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
  }

  #take(answer: Exclude<DnsAnswer, { problem: string }>): void {
    const { endpointsMax, name } = this.#config;
    // A target without a name says that the service is decidedly not there (RFC 2782).
    const records = answer.records.filter(
      (record): record is ServiceRecord => record.type === "SRV" && record.target !== "",
    );
    const tooMany = tooManyText(records.length, endpointsMax);
    if (tooMany !== null) return this.#fail(tooMany);
    const wrong = records.find(({ target, port }) => !isHostName(target) || port === 0);
    if (wrong !== undefined) return this.#fail(`${name}: '${wrong.target}:${wrong.port}' is no place to go`);
    this.#records = records;
    this.#ttlSeconds = records.length === 0 ? 0 : answer.ttlSeconds;
    this.#waiting = [...new Set(records.map(({ target }) => target))];
    this.#askOn();
  }

  #askOn(): void {
    while (this.#cancels.size < asksAtOnce) {
      const target = this.#waiting.shift();
      if (target === undefined) break;
      const cancel = askAddresses(this.#config, this.#client, target, (answer) => {
        this.#cancels.delete(cancel);
        if (this.#isOver) return;
        if ("problem" in answer) return this.#fail(`${target}: ${answer.problem}`);
        this.#addresses.set(target, answer.addresses);
        if (answer.addresses.length > 0) this.#ttlSeconds = Math.min(this.#ttlSeconds, answer.ttlSeconds);
        this.#askOn();
      });
      this.#cancels.add(cancel);
    }
    if (this.#cancels.size === 0) this.#finish();
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.giveUp();
    this.#done({ kind: "failed", reason });
  }

  #finish(): void {
    this.#isOver = true;
    this.#done(
      found(
        serviceEndpoints(this.#records, this.#addresses, this.#config.scheme),
        this.#ttlSeconds,
        this.#config,
      ),
    );
  }
}

/** One endpoint per address and port; where several records name the same one, the first by priority counts. */
function serviceEndpoints(
  records: readonly ServiceRecord[],
  addressesOf: ReadonlyMap<string, readonly string[]>,
  scheme: SourceConfigOf<"srv">["scheme"],
): readonly EndpointConfig[] {
  const tiers = [...new Set(records.map(({ priority }) => priority))].toSorted((a, b) => a - b);
  const byUrl = new Map<string, EndpointConfig>();
  const sorted = records.toSorted(
    (a, b) => a.priority - b.priority || compare(a.target, b.target) || a.port - b.port,
  );
  for (const { priority, weight, port, target } of sorted) {
    for (const address of (addressesOf.get(target) ?? []).toSorted()) {
      const endpoint = foundEndpoint({
        scheme,
        address,
        port,
        // 0 is "hardly ever" in SRV records, and "never" here.
        weight: Math.max(1, weight),
        priority: Math.min(tierMax, tiers.indexOf(priority)),
      });
      if (!byUrl.has(endpoint.url)) byUrl.set(endpoint.url, endpoint);
    }
  }
  return [...byUrl.values()];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
