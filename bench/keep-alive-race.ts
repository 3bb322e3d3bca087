/**
 * The keep-alive race in full: clients aim at the moment in which a Node origin closes idle
 * connections, and everything that is not 200 is counted, for a plain pool and for one that learns.
 *
 *   node bench/keep-alive-race.ts [requests, 100000] [the origin's keep-alive time in ms, 40] [part of a title]
 */
import { systemRandom } from "../src/platform/random.ts";
import { race, startShortLivedOrigin } from "../test/support/keep-alive-race.ts";
import { startProxy } from "../test/support/start-proxy.ts";
import { describeMachine } from "./support/machine.ts";

const requests = Number(process.argv[2] ?? 100_000);
const keepAliveMs = Number(process.argv[3] ?? 40);

const only = process.argv[4] ?? "";

const cases = [
  { title: "plain pool, no retries", method: "GET", learns: false, retries: false, part: 0.1 },
  { title: "plain pool, no retries", method: "POST", learns: false, retries: false, part: 0.1 },
  { title: "plain pool, default retries", method: "POST", learns: false, retries: true, part: 0.1 },
  { title: "learning, no retries", method: "GET", learns: true, retries: false, part: 0.1 },
  { title: "learning, default retries", method: "GET", learns: true, retries: true, part: 1 },
  { title: "learning, default retries", method: "POST", learns: true, retries: true, part: 1 },
] as const;

console.log(describeMachine());
console.log(
  `the origin closes connections after ${keepAliveMs} ms; 64 clients pause ${keepAliveMs - 2} to ${keepAliveMs + 3} ms\n`,
);
for (const { title, method, learns, retries, part } of cases) {
  if (!`${title}, ${method}`.includes(only)) continue;
  await using origin = await startShortLivedOrigin(keepAliveMs);
  const pool = { connections: { learnIdleTimeout: learns }, ...(retries ? {} : { retry: { on: [] } }) };
  const proxy = await startProxy({ origins: [origin.port], pool });
  const tally = await race({
    port: proxy.port,
    method,
    requests: Math.round(requests * part),
    clients: 64,
    pauseMs: [keepAliveMs - 2, keepAliveMs + 3],
    random: systemRandom,
  });
  const answered = await origin.answered();
  const counts = proxy.endpoints[0]?.state.readTotals();
  await proxy.close();
  const failures = [...tally.failures].map(([what, count]) => `${count} × ${what}`).join(", ") || "none";
  console.log(
    `${title}, ${method}: ${tally.sent} sent, ${answered} answered by the origin, failures: ${failures}`,
  );
  console.log(
    `  ${counts?.staleConnections} stale connections met and retried, ${counts?.connectionReuses} reuses, ${counts?.connectionsOpened} connections opened`,
  );
}
