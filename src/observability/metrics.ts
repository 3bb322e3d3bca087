/**
 * A scrape put together: every collector is asked once, and what they read becomes text. A collector that
 * throws costs its own metrics and is counted, not the scrape.
 */
import { contentTypes, expose, expositionFormatFor, omittedSamples } from "./metrics/exposition.ts";
import { type Collector, gaugeFamily, type MetricFamily } from "./metrics/metric-family.ts";

export interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

/** `accept` is the request's Accept header, which chooses between Prometheus' text and OpenMetrics. */
export function scrape(collectors: readonly Collector[], accept: string | undefined): Scrape {
  const format = expositionFormatFor(accept);
  const families: MetricFamily[] = [];
  let failures = 0;
  for (const collect of collectors) {
    try {
      families.push(...collect());
    } catch {
      failures++;
    }
  }
  families.push(
    gaugeFamily("headgate_scrape_failed_collectors", "Collectors that failed during this scrape.", [
      { labels: {}, value: failures },
    ]),
    gaugeFamily(
      "headgate_scrape_omitted_samples",
      "Samples left out of this scrape because a metric had too many.",
      [{ labels: {}, value: omittedSamples(families) }],
    ),
  );
  return { contentType: contentTypes[format], body: expose(families, format) };
}
