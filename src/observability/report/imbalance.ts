/**
 * Which pools spread their requests unevenly, and what the log shows that would explain it. Conclusions are
 * likelihoods: a log knows neither weights nor policies. Each explanation names the figures it rests on.
 */
import type { EndpointTally, Tally } from "./tally.ts";

export interface Finding {
  readonly pool: string;
  /** The busiest endpoint's requests against an even share: 1 is even. */
  readonly evenness: number;
  /** Beyond what chance makes of an even spread. */
  readonly isUneven: boolean;
  /** One sentence. */
  readonly summary: string;
  /** The likeliest first; empty when even. */
  readonly explanations: readonly string[];
}

/** Fewer tell nothing. */
const requestsMin = 100;
/** Standard deviations of an even random spread, and share of it, from which on an endpoint stands out. */
const deviationsMin = 4;
const offShareMin = 0.1;

interface Member {
  readonly endpoint: EndpointTally;
  readonly requests: number;
  readonly share: number;
  readonly failed: number;
  readonly p50Ms: number | null;
}

interface Pool {
  readonly name: string;
  readonly requests: number;
  readonly members: readonly Member[];
}

export function imbalances(tally: Tally): readonly Finding[] {
  const byPool = Map.groupBy(tally.endpoints.values(), ({ pool }) => pool);
  return [...byPool].flatMap(([name, endpoints]) => {
    const requests = endpoints.reduce((sum, { answered }) => sum + answered.requests, 0);
    if (endpoints.length < 2 || requests < requestsMin) return [];
    return [findingOf({ name, requests, members: endpoints.map((each) => memberOf(each, requests)) }, tally)];
  });
}

function memberOf(endpoint: EndpointTally, ofPool: number): Member {
  const { answered, failedAttempts } = endpoint;
  return {
    endpoint,
    requests: answered.requests,
    share: answered.requests / ofPool,
    failed: [...failedAttempts.values()].reduce((sum, count) => sum + count, 0),
    p50Ms: answered.latency.percentile(0.5),
  };
}

function findingOf(pool: Pool, tally: Tally): Finding {
  const { members, requests } = pool;
  const even = 1 / members.length;
  const deviation = Math.sqrt((even * (1 - even)) / requests);
  const standsOut = ({ share }: Member): boolean =>
    Math.abs(share - even) > Math.max(deviationsMin * deviation, offShareMin * even);
  const outstanding = members.filter(standsOut);
  const sorted = members.toSorted((a, b) => b.requests - a.requests);
  const [most, least] = [sorted[0], sorted.at(-1)] as [Member, Member];
  const finding = { pool: pool.name, evenness: most.share / even, isUneven: outstanding.length > 0 };
  if (outstanding.length === 0)
    return {
      ...finding,
      summary: `${members.length} endpoints share ${requests} requests evenly.`,
      explanations: [],
    };
  const summary =
    `${nameOf(most)} got ${percent(most.share)} of ${requests} requests and ${nameOf(least)} ${percent(least.share)}, ` +
    `where ${percent(even)} would be even.`;
  const explanations = [
    ...failing(outstanding, even),
    ...absent(pool, outstanding, tally),
    ...fastErrors(pool, outstanding, even),
    ...slowness(pool),
    ...bound(pool, tally),
    ...weights(pool, tally),
  ];
  const none = "Nothing in the log explains it: look at weights, priorities and the policy of the pool.";
  return { ...finding, summary, explanations: explanations.length === 0 ? [none] : explanations };
}

function failing(outstanding: readonly Member[], even: number): readonly string[] {
  return outstanding
    .filter(({ share, failed, requests }) => share < even && failed > 0.01 * (failed + requests))
    .map(({ endpoint, failed }) => {
      const causes = [...endpoint.failedAttempts].map(([cause, count]) => `${cause} ${count} times`);
      return `${endpoint.name} failed ${failed} attempts (${causes.join(", ")}), so that others answered in its place or it was taken out of service.`;
    });
}

/** Moments in which the pool was busy enough that each endpoint should have got something. */
function absent(pool: Pool, outstanding: readonly Member[], tally: Tally): readonly string[] {
  const busyMin = pool.members.length * 20;
  const numbers = pool.members.map(({ endpoint }) => endpoint.number);
  const busy = tally.overTime.list().filter(({ bucket }) => {
    return numbers.reduce((sum, number) => sum + (bucket.endpoints.get(number) ?? 0), 0) >= busyMin;
  });
  return outstanding.flatMap(({ endpoint }) => {
    const without = busy.filter(({ bucket }) => !bucket.endpoints.has(endpoint.number));
    const [first, last] = [without[0], without.at(-1)];
    if (first === undefined || last === undefined) return [];
    const until = new Date(last.wallMs + tally.overTime.widthMs);
    const span = `${new Date(first.wallMs).toISOString()} and ${until.toISOString()}`;
    return [
      `${endpoint.name} got nothing in ${percent(without.length / busy.length)} of the time, between ${span}: it was down, draining, or not there yet.`,
    ];
  });
}

function fastErrors({ members }: Pool, outstanding: readonly Member[], even: number): readonly string[] {
  const median = medianOf(members.map(({ p50Ms }) => p50Ms));
  return outstanding
    .filter(
      ({ endpoint: { answered }, share, p50Ms }) =>
        share > even &&
        answered.errors5xx > 0.05 * answered.requests &&
        p50Ms !== null &&
        median !== null &&
        p50Ms < median,
    )
    .map(({ endpoint, p50Ms }) => {
      const { errors5xx, requests } = endpoint.answered;
      return `${endpoint.name} answers ${percent(errors5xx / requests)} with 5xx, and fast (median ${ms(p50Ms)}): quick errors attract traffic wherever only speed or open requests count.`;
    });
}

/** Slower endpoints got less, all along the line. */
function slowness({ members }: Pool): readonly string[] {
  const known = members.filter((member) => member.p50Ms !== null && member.requests > 0);
  const bySpeed = known.toSorted((a, b) => (a.p50Ms ?? 0) - (b.p50Ms ?? 0));
  const [fastest, slowest] = [bySpeed[0], bySpeed.at(-1)];
  if (fastest === undefined || slowest === undefined || bySpeed.length < 2) return [];
  if ((slowest.p50Ms ?? 0) < 1.3 * (fastest.p50Ms ?? 0)) return [];
  const isFalling = bySpeed.every(
    (member, index) => member.requests <= (bySpeed[index - 1]?.requests ?? Number.POSITIVE_INFINITY) * 1.05,
  );
  if (!isFalling || fastest.requests <= slowest.requests) return [];
  return [
    `Slower endpoints got less: ${nameOf(fastest)} has a median of ${ms(fastest.p50Ms)}, ${nameOf(slowest)} of ${ms(slowest.p50Ms)}. Policies that look at latency or at open requests do that on purpose.`,
  ];
}

/** Clients come back to their endpoint far more often than chance would have it. */
function bound({ name, requests, members }: Pool, tally: Tally): readonly string[] {
  const affinity = tally.clients.affinity(name);
  if (affinity === null || affinity < Math.max(0.9, 2 / members.length)) return [];
  const top = tally.clients.top(1)[0];
  const share = (top?.count ?? 0) / requests;
  const heavy =
    share > 0.1 ? `, and ${top?.client} alone makes ${percent(Math.min(1, share))} of the requests` : "";
  return [
    `Clients stay with their endpoint (${percent(affinity)} of returning requests do${heavy}): sticky sessions or hashing spread clients, not requests.`,
  ];
}

/** Shares that hold over the whole time in a ratio of small whole numbers. */
function weights({ members }: Pool, tally: Tally): readonly string[] {
  const least = Math.min(...members.map(({ requests }) => requests));
  if (least === 0) return [];
  const ratios = members.map(({ requests }) => requests / least);
  if (!ratios.every((ratio) => Math.abs(ratio - Math.round(ratio)) < 0.05 * ratio && ratio < 20)) return [];
  if (ratios.every((ratio) => Math.round(ratio) === 1) || !isSteady(members, tally)) return [];
  const spelled = members.map(({ endpoint }, index) => `${endpoint.name} ${Math.round(ratios[index] ?? 0)}`);
  return [`The shares hold all the time in the ratio ${spelled.join(" : ")}: that looks like weights.`];
}

function isSteady(members: readonly Member[], tally: Tally): boolean {
  const numbers = members.map(({ endpoint }) => endpoint.number);
  return tally.overTime.list().every(({ bucket }) => {
    const counts = numbers.map((number) => bucket.endpoints.get(number) ?? 0);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total < members.length * 50) return true;
    return counts.every((count, index) => {
      const share = members[index]?.share ?? 0;
      return Math.abs(count / total - share) < 5 * Math.sqrt((share * (1 - share)) / total) + 0.02;
    });
  });
}

function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return known[known.length >>> 1] ?? null;
}

function nameOf({ endpoint }: Member): string {
  return endpoint.name;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function ms(value: number | null): string {
  return value === null ? "?" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
