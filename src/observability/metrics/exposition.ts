/**
 * Spells metric families in Prometheus' text format 0.0.4 and in OpenMetrics 1.0. Owns escaping, number
 * forms, histogram buckets and the limit on series; knows no metric by name.
 */
import { bucketMiddleMs, histogramBuckets } from "../../core/histogram.ts";
import type { HistogramSample, Labels, MetricFamily, SummarySample } from "./metric-family.ts";

export type ExpositionFormat = "prometheus" | "openmetrics";

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Which format an Accept header asks for. */
export function expositionFormatFor(accept: string | undefined): ExpositionFormat {
  return accept !== undefined && /application\/openmetrics-text/i.test(accept) ? "openmetrics" : "prometheus";
}

/** Upper bounds of the exposed buckets, in seconds. */
const bucketBoundsSeconds: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/**
 * For each bound, how many of the histogram's own buckets lie below it: those whose middle does. Like the
 * histogram itself, that is within 1.6 % of the truth.
 */
const bucketsBelow: readonly number[] = bucketBoundsSeconds.map((bound) => {
  let index = 0;
  while (index < histogramBuckets - 1 && bucketMiddleMs(index) <= bound * 1000) index++;
  return index;
});

/** Samples of one family beyond which further ones are left out: a bound on what a scrape can cost. */
const samplesMax = 10_000;

/** Samples that the text of these families leaves out for that bound. */
export function omittedSamples(families: readonly MetricFamily[]): number {
  return families.reduce((sum, { samples }) => sum + Math.max(0, samples.length - samplesMax), 0);
}

/** The text of a scrape. Families of one name are joined; their help is the first one's. */
export function expose(families: readonly MetricFamily[], format: ExpositionFormat): string {
  const byName = new Map<string, MetricFamily[]>();
  for (const family of families) {
    const same = byName.get(family.name);
    if (same === undefined) byName.set(family.name, [family]);
    else same.push(family);
  }
  let text = "";
  for (const same of byName.values()) text += familyText(same, format);
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function familyText(families: readonly MetricFamily[], format: ExpositionFormat): string {
  const [first] = families;
  const lines = families.flatMap((family) => sampleLines(family, format));
  if (first === undefined || lines.length === 0) return "";
  const isPlainCounter = first.type === "counter" && format === "prometheus";
  const name = isPlainCounter ? `${first.name}_total` : first.name;
  const unit = /_(seconds|bytes)$/.exec(first.name)?.[1];
  const unitLine = format === "openmetrics" && unit !== undefined ? `# UNIT ${name} ${unit}\n` : "";
  const help = `# HELP ${name} ${escapeHelp(first.help, format)}\n`;
  return `${help}# TYPE ${name} ${first.type}\n${unitLine}${lines.join("\n")}\n`;
}

function sampleLines(family: MetricFamily, format: ExpositionFormat): string[] {
  const { name } = family;
  switch (family.type) {
    case "counter":
      return family.samples
        .slice(0, samplesMax)
        .map(({ labels, value }) => `${name}_total${labelText(labels)} ${numberText(value)}`);
    case "gauge":
      return family.samples
        .slice(0, samplesMax)
        .map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`);
    case "summary":
      return family.samples.slice(0, samplesMax).flatMap((sample) => summaryLines(name, sample));
    case "histogram":
      return family.samples.slice(0, samplesMax).flatMap((sample) => histogramLines(name, sample, format));
  }
}

function summaryLines(name: string, { labels, count, sumSeconds }: SummarySample): string[] {
  const label = labelText(labels);
  return [`${name}_sum${label} ${numberText(sumSeconds)}`, `${name}_count${label} ${numberText(count)}`];
}

function histogramLines(name: string, sample: HistogramSample, format: ExpositionFormat): string[] {
  const { labels, counts, sumSeconds } = sample;
  const lines: string[] = [];
  let seen = 0;
  let index = 0;
  bucketBoundsSeconds.forEach((bound, place) => {
    for (; index < bucketsBelow[place]!; index++) seen += counts[index]!;
    // OpenMetrics wants bounds as floats: 1.0, not 1.
    const le = format === "openmetrics" && Number.isInteger(bound) ? `${bound}.0` : String(bound);
    lines.push(`${name}_bucket${labelText({ ...labels, le })} ${seen}`);
  });
  for (; index < counts.length; index++) seen += counts[index]!;
  lines.push(
    `${name}_bucket${labelText({ ...labels, le: "+Inf" })} ${seen}`,
    `${name}_sum${labelText(labels)} ${numberText(sumSeconds)}`,
    `${name}_count${labelText(labels)} ${seen}`,
  );
  return lines;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.toWellFormed().replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(help: string, format: ExpositionFormat): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}
