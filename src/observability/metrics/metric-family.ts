/**
 * Metrics as values: a family is a name, a sentence and its samples. Collectors make families from what
 * they read; the exposition spells them. Nothing is kept between two scrapes.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Durations in the buckets of `core/histogram.ts`. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly counts: ArrayLike<number>;
  readonly sumSeconds: number;
}

/** Sum and count without quantiles. */
export interface SummarySample {
  readonly labels: Labels;
  readonly count: number;
  readonly sumSeconds: number;
}

interface FamilyHead {
  /** With Headgate's prefix and the unit, without `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
}

export type MetricFamily = FamilyHead &
  (
    | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
    | { readonly type: "histogram"; readonly samples: readonly HistogramSample[] }
    | { readonly type: "summary"; readonly samples: readonly SummarySample[] }
  );

/** Reads what it knows into families; called once per scrape. */
export type Collector = () => readonly MetricFamily[];

export function counterFamily(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: "counter", samples };
}

export function gaugeFamily(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: "gauge", samples };
}
