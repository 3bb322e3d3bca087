/**
 * Lines of an access log with known figures, from a seed: three endpoints of which one is slow and fails at
 * times, a few routes, a few statuses. What it wrote can be worked out again from the lines by other means.
 */
import { seededRandom } from "../../src/core/random.ts";
import { jsonLine } from "../../src/observability/access-log/json-line.ts";
import { sampleRecord } from "./access-records.ts";

const routes = ["home", "search", "checkout", "assets"];
const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Headgate's `json` preset, `perSecond` lines to the second from 2026-11-21T03:00:00Z on. */
export function* sampleLogLines(count: number, perSecond = 1000, seed = 1): Generator<string> {
  const random = seededRandom(seed);
  const startedWallMs = Date.UTC(2026, 10, 21, 3);
  for (let index = 0; index < count; index++) {
    const endpoint = random.next() < 0.5 ? "b1" : random.next() < 0.7 ? "b2" : "b3";
    const isSlow = endpoint === "b3";
    const isFailed = isSlow && random.next() < 0.02;
    const isMissing = random.next() < 0.03;
    const durationMs = Math.exp(random.next() * 4) * (isSlow ? 4 : 1);
    yield jsonLine(
      sampleRecord({
        startedWallMs: startedWallMs + (index * 1000) / perSecond,
        durationMs,
        firstByteMs: durationMs * 0.9,
        clientAddress: `192.0.2.${Math.floor(random.next() * 250)}`,
        routeName: routes[Math.floor(random.next() * routes.length)] ?? "home",
        target: `/item/${index}?page=2`,
        host: "shop.example.com",
        endpoint: { name: endpoint },
        status: isFailed ? 502 : isMissing ? 404 : 200,
        cause: isFailed ? "reset-before-head" : null,
        failedAttempts: isFailed
          ? [{ endpoint, cause: "reset-before-head", detail: "ECONNRESET", durationMs: 1 }]
          : [],
        responseBodyBytes: Math.floor(random.next() * 50_000),
        headers: { "user-agent": userAgent, referer: "https://shop.example.com/" },
      }),
    );
  }
}
