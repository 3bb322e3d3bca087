/** Adds up the self time per function of a V8 CPU profile. */

/** The part of the .cpuprofile format that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Microseconds on the machine's monotonic clock, the one `process.hrtime` reads. */
  readonly startTime: number;
  /** Node ids, one per sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTimes {
  /** Everything but waiting. */
  readonly busyMs: number;
  /** The most expensive first. */
  readonly functions: readonly { readonly name: string; readonly place: string; readonly selfMs: number }[];
}

/** Counts only samples taken between two moments in microseconds, so that start-up stays out. */
export function selfTimes(profile: CpuProfile, fromMicros = 0, toMicros = Infinity): SelfTimes {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const totals = new Map<string, { name: string; place: string; selfMs: number }>();
  let busyMs = 0;
  let now = profile.startTime;
  profile.samples.forEach((id, index) => {
    now += profile.timeDeltas[index] ?? 0;
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)" || now < fromMicros || now > toMicros) return;
    const selfMs = (profile.timeDeltas[index] ?? 0) / 1000;
    busyMs += selfMs;
    const name = frame.functionName || "(anonymous)";
    const place =
      frame.url === ""
        ? ""
        : `${frame.url.replace(/^.*\/(?=src\/|node_modules\/)/, "")}:${frame.lineNumber + 1}`;
    const key = `${name} ${place}`;
    const total = totals.get(key) ?? { name, place, selfMs: 0 };
    total.selfMs += selfMs;
    totals.set(key, total);
  });
  return { busyMs, functions: [...totals.values()].toSorted((a, b) => b.selfMs - a.selfMs) };
}
