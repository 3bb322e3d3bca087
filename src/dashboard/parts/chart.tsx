/** A chart over time: uPlot in this page's colours, redrawn when data, width or theme change. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { colour } from "./theme.ts";

export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A colour of the style sheet: `--water`. */
  readonly colour: string;
  readonly isFilled?: boolean;
  readonly isThin?: boolean;
}

export interface ChartProps {
  /** Says what is to be seen, for those who do not see it. */
  readonly title: string;
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly height: number;
  /** How a value is written, on the axis and under the pointer. */
  readonly format: (value: number | null) => string;
  /** Charts with one key share their pointer. */
  readonly syncKey?: string;
}

export function Chart(props: ChartProps) {
  const home = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = home.current;
    if (element === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(latest, element.clientWidth), dataOf(latest.current), element);
    };
    draw();
    const resized = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: latest.current.height });
    });
    resized.observe(element);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    addEventListener("themechange", draw);
    return () => {
      resized.disconnect();
      system.removeEventListener("change", draw);
      removeEventListener("themechange", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [props.lines.length]);

  useEffect(() => {
    plot.current?.setData(dataOf(props));
  }, [props.times.at(-1), props.times.length, props.lines]);

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.title}</span>
        <span class="legend">
          {props.lines.map((line) => (
            <span key={line.label} class="legend-line">
              <i style={{ background: `var(${line.colour})` }} />
              {line.label}
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={home}
        class="chart-plot"
        style={{ height: `${props.height}px` }}
        role="img"
        aria-label={summary(props)}
      />
    </figure>
  );
}

function summary({ title, lines, format }: ChartProps): string {
  const now = lines.map(({ label, values }) => `${label} ${format(values.at(-1) ?? null)}`);
  return `${title}: ${now.join(", ")}`;
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

function optionsOf(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { height, lines, syncKey } = latest.current;
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = {
    stroke: colour("--ink-3"),
    grid,
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.12 : 1] } },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: false, y: false },
      ...(syncKey === undefined ? {} : { sync: { key: syncKey } }),
    },
    axes: [
      { ...axis, size: 26, gap: 6, grid: { show: false }, values: (_plot, ticks) => ticks.map(tickText) },
      {
        ...axis,
        size: 54,
        gap: 4,
        values: (_plot, ticks) => ticks.map((tick) => axisText(latest.current.format(tick))),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: line.isThin === true ? 1 : 1.5,
        points: { show: false },
        ...(line.isFilled === true ? { fill: colour(line.colour, 0.18) } : {}),
      })),
    ],
    plugins: [readout(latest)],
  };
}

/** An axis needs no zeros behind the point, and nothing has no unit. */
function axisText(text: string): string {
  const short = text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
  return /^0(?: |$)/.test(short) ? "0" : short;
}

function tickText(seconds: number): string {
  const time = new Date(seconds * 1000).toLocaleTimeString("en-GB");
  return time.endsWith(":00") ? time.slice(0, 5) : time;
}

/** What the lines say under the pointer. */
function readout(latest: { readonly current: ChartProps }): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "readout";
  return {
    hooks: {
      init(plot) {
        plot.over.append(box);
      },
      setCursor(plot) {
        const place = plot.cursor.idx;
        const left = plot.cursor.left ?? -1;
        const { times, lines, format } = latest.current;
        box.hidden = place === null || place === undefined || left < 0;
        if (place === null || place === undefined || left < 0) return;
        const time = new Date((times[place] ?? 0) * 1000).toLocaleTimeString("en-GB");
        box.textContent = [
          time,
          ...lines.map((line) => `${line.label} ${format(line.values[place] ?? null)}`),
        ].join("\n");
        const isRight = left > plot.over.clientWidth / 2;
        box.style.transform = `translate(${isRight ? `calc(${left - 10}px - 100%)` : `${left + 10}px`}, 4px)`;
      },
    },
  };
}
