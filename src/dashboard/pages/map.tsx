/** The way of the water: from clients through listeners, routes and pools to endpoints, as wide as it flows. */
import { flowMap, type MapNode, type MapRibbon } from "../live/flow-map.ts";
import { percent, rate } from "../parts/format.ts";
import { useFeed } from "../parts/hooks.ts";
import { Section } from "../parts/small.tsx";

const top = 34;
const nodeWidth = 7;
const columnTitles = ["Clients", "Listeners", "Routes", "Pools", "Endpoints"];

interface Layout {
  readonly width: number;
  /** Where each column begins. */
  readonly columnX: readonly number[];
  /** Columns before this one have bars without words. */
  readonly wordsFrom: number;
  readonly lettersMax: number;
  /** Details and shares, too. */
  readonly isWordy: boolean;
}

const wide: Layout = {
  width: 1240,
  columnX: [0, 250, 520, 800, 1060],
  wordsFrom: 0,
  lettersMax: 26,
  isWordy: true,
};
/** All of it on a phone: whence it comes is seen by the bars, where it goes has names. */
const narrow: Layout = {
  width: 358,
  columnX: [0, 24, 50, 154, 258],
  wordsFrom: 2,
  lettersMax: 13,
  isWordy: false,
};
const phone = matchMedia("(max-width: 760px)");

export function MapPage() {
  const { model } = useFeed();
  const map = flowMap(model);
  const layout = phone.matches ? narrow : wide;
  const { width, columnX, wordsFrom } = layout;
  return (
    <Section title="Where requests go, now" aside={<span>{rate(model.total.requests.rate)} requests/s</span>}>
      <div class="map-frame" tabIndex={0} role="region" aria-label="Map of flows">
        <svg
          class="map"
          viewBox={`0 0 ${width} ${map.height + top + 8}`}
          style={{ minWidth: `${width * (layout.isWordy ? 0.86 : 0.8)}px` }}
        >
          {columnTitles.map((title, column) =>
            column < wordsFrom ? null : (
              <text key={title} class="map-column" x={columnX[column] ?? 0} y="12">
                {title}
              </text>
            ),
          )}
          <g transform={`translate(0 ${top})`}>
            {map.ribbons.map((ribbon) => (
              <Ribbon key={ribbon.id} ribbon={ribbon} columnX={columnX} />
            ))}
            {map.nodes.map((node) => (
              <Node key={node.id} node={node} total={model.total.requests.rate} layout={layout} />
            ))}
          </g>
        </svg>
      </div>
      <p class="hint">
        A ribbon is as wide as its requests per second; a dotted line is a way that nothing takes now. A
        retried request reaches more than one endpoint.
      </p>
    </Section>
  );
}

function Ribbon({ ribbon, columnX }: { readonly ribbon: MapRibbon; readonly columnX: Layout["columnX"] }) {
  const { from, to, flow } = ribbon;
  const x1 = (columnX[from.column] ?? 0) + nodeWidth;
  const x2 = columnX[to.column] ?? 0;
  const bend = (x2 - x1) * 0.45;
  const curve = (y1: number, y2: number): string =>
    `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  const back = (y1: number, y2: number): string =>
    `L${x2} ${y2}C${x2 - bend} ${y2} ${x1 + bend} ${y1} ${x1} ${y1}Z`;
  const half = Math.max(1, ribbon.width) / 2;
  const { fromY, toY } = ribbon;
  return (
    <path
      class={flow > 0 ? `ribbon ribbon-${to.state ?? "flow"}` : "ribbon-dry"}
      d={
        flow > 0
          ? curve(fromY - half, toY - half) + back(fromY + half, toY + half)
          : curve(from.y + from.height / 2, to.y + to.height / 2)
      }
    >
      <title>{`${from.title} → ${to.title}: ${rate(flow)} requests/s`}</title>
    </path>
  );
}

function Node(props: { readonly node: MapNode; readonly total: number; readonly layout: Layout }) {
  const { node, total, layout } = props;
  const { lettersMax, isWordy } = layout;
  const x = layout.columnX[node.column] ?? 0;
  const middle = node.y + node.height / 2;
  const share = total > 0 && isWordy ? `, ${percent(node.flow / total)}` : "";
  const hasWords = node.column >= layout.wordsFrom;
  const bar = (
    <rect
      class={`map-node map-node-${node.state ?? "plain"}`}
      x={x}
      y={node.y}
      width={nodeWidth}
      height={node.height}
    >
      {hasWords ? null : <title>{`${node.title} ${node.detail}`.trim()}</title>}
    </rect>
  );
  if (!hasWords) return <g>{bar}</g>;
  const detail = isWordy ? shortened(node.detail, lettersMax) : "";
  const label = (
    <>
      {bar}
      <text class="map-title" x={x + nodeWidth + 8} y={middle - 2}>
        {shortened(node.title, lettersMax)}
        {detail === "" ? null : <tspan class="map-detail"> {detail}</tspan>}
      </text>
      <text class="map-flow" x={x + nodeWidth + 8} y={middle + 12}>
        {rate(node.flow)}/s{share}
        {node.errors > 0 ? <tspan class="map-errors"> {rate(node.errors)}/s 5xx</tspan> : null}
      </text>
    </>
  );
  return node.href === null ? <g>{label}</g> : <a href={node.href}>{label}</a>;
}

function shortened(text: string, lettersMax: number): string {
  return text.length > lettersMax ? `${text.slice(0, lettersMax - 1)}…` : text;
}
