/**
 * Plots as SVG without script: an axis of time, layers stacked on each other or lines. Colours come from the
 * page's style sheet (`series-1` …), so that light and dark are its business; what the pointer stands on is
 * told by titles.
 */
import { escaped, timeText } from "./html.ts";

export interface Series {
  readonly name: string;
  /** A class of the style sheet. */
  readonly colour: string;
  /** One per moment; null where nothing is known. */
  readonly values: readonly (number | null)[];
}

export interface PlotSettings {
  readonly title: string;
  /** Unix ms, rising, at a distance of `widthMs` or multiples of it. */
  readonly times: readonly number[];
  readonly widthMs: number;
  readonly series: readonly Series[];
  readonly isStacked: boolean;
  /** Powers of ten are equally far apart. */
  readonly isLogarithmic?: boolean;
  readonly valueText: (value: number) => string;
}

const width = 960;
const height = 240;
const left = 64;
const right = 8;
const top = 8;
const bottom = 24;

interface Scale {
  readonly ticks: readonly number[];
  y(value: number): number;
}

export function plot(settings: PlotSettings): string {
  const { title, times, series, isStacked } = settings;
  const [first = 0] = times;
  const end = (times.at(-1) ?? 0) + settings.widthMs;
  const x = (wallMs: number): number =>
    left + ((wallMs - first) / Math.max(1, end - first)) * (width - left - right);
  const scale = settings.isLogarithmic === true ? logarithmic(series) : linear(series, isStacked);
  const marks = isStacked ? layers(settings, x, scale) : lines(settings, x, scale);
  const grid = scale.ticks
    .map((tick) => {
      const y = scale.y(tick).toFixed(1);
      return `<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/><text class="tick" x="${left - 6}" y="${y}" text-anchor="end" dominant-baseline="middle">${escaped(settings.valueText(tick))}</text>`;
    })
    .join("");
  return `<figure><figcaption>${escaped(title)}<span class="legend">${legend(series)}</span></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${grid}${marks}${timeTicks(first, end, x)}${hovers(settings, x)}</svg></figure>`;
}

function legend(series: readonly Series[]): string {
  return series
    .map(({ name, colour }) => `<span class="key"><i class="${colour}"></i>${escaped(name)}</span>`)
    .join("");
}

function linear(series: readonly Series[], isStacked: boolean): Scale {
  const count = series[0]?.values.length ?? 0;
  let most = 0;
  for (let index = 0; index < count; index++) {
    const values = series.map(({ values: all }) => all[index] ?? 0);
    most = Math.max(most, isStacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values));
  }
  const step = niceStep(most / 4);
  const ceiling = Math.max(step, Math.ceil(most / step) * step);
  const ticks = Array.from({ length: Math.round(ceiling / step) + 1 }, (_, index) => index * step);
  return { ticks, y: (value) => height - bottom - (value / ceiling) * (height - top - bottom) };
}

function logarithmic(series: readonly Series[]): Scale {
  const known = series.flatMap(({ values }) =>
    values.filter((value) => value !== null && value > 0),
  ) as number[];
  const low = Math.floor(Math.log10(known.reduce((least, value) => Math.min(least, value), 1)));
  const high = Math.max(
    low + 1,
    Math.ceil(Math.log10(known.reduce((most, value) => Math.max(most, value), 0.001))),
  );
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const y = (value: number): number => {
    const share = (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
    return height - bottom - share * (height - top - bottom);
  };
  return { ticks, y };
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  if (rough <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10;
  return factor * power;
}

function layers(
  { times, widthMs, series }: PlotSettings,
  x: (wallMs: number) => number,
  { y }: Scale,
): string {
  const base = times.map(() => 0);
  return series
    .map(({ colour, values }) => {
      const bars = times.map((wallMs, index) => {
        const value = values[index] ?? 0;
        if (value === 0) return "";
        const from = base[index] ?? 0;
        base[index] = from + value;
        const [x1, x2] = [x(wallMs), x(wallMs + widthMs)];
        return `M${x1.toFixed(1)} ${y(from).toFixed(1)}V${y(from + value).toFixed(1)}H${x2.toFixed(1)}V${y(from).toFixed(1)}Z`;
      });
      return `<path class="${colour}" d="${bars.join("")}"/>`;
    })
    .join("");
}

function lines(
  { times, widthMs, series }: PlotSettings,
  x: (wallMs: number) => number,
  { y }: Scale,
): string {
  return series
    .map(({ colour, values }) => {
      let isDrawing = false;
      let path = "";
      times.forEach((wallMs, index) => {
        const value = values[index] ?? null;
        // A gap in the log is a gap in the line.
        const isNext = index > 0 && wallMs - (times[index - 1] ?? 0) <= widthMs * 1.5;
        if (value === null) isDrawing = false;
        else {
          path += `${isDrawing && isNext ? "L" : "M"}${x(wallMs + widthMs / 2).toFixed(1)} ${y(value).toFixed(1)}`;
          isDrawing = true;
        }
      });
      return `<path class="line ${colour}" d="${path}"/>`;
    })
    .join("");
}

function timeTicks(first: number, end: number, x: (wallMs: number) => number): string {
  return Array.from({ length: 5 }, (_, index) => {
    const wallMs = first + ((end - first) * index) / 4;
    const anchor = index === 0 ? "start" : index === 4 ? "end" : "middle";
    const text = timeText(wallMs);
    const shown = end - first > 86_400_000 ? text.slice(5, 16) : text.slice(11);
    return `<text class="tick" x="${x(wallMs).toFixed(1)}" y="${height - 6}" text-anchor="${anchor}">${shown}</text>`;
  }).join("");
}

/** Invisible columns whose titles tell the figures. */
function hovers({ times, widthMs, series, valueText }: PlotSettings, x: (wallMs: number) => number): string {
  return times
    .map((wallMs, index) => {
      const values = series
        .map(({ name, values: all }) => ({ name, value: all[index] ?? null }))
        .filter(({ value }) => value !== null && value !== 0)
        .map(({ name, value }) => `${name}: ${valueText(value ?? 0)}`);
      const [x1, x2] = [x(wallMs), x(wallMs + widthMs)];
      return `<rect class="hover" x="${x1.toFixed(1)}" y="${top}" width="${Math.max(0.5, x2 - x1).toFixed(1)}" height="${height - top - bottom}"><title>${escaped([timeText(wallMs), ...values].join("\n"))}</title></rect>`;
    })
    .join("");
}
