/** The way of the water: from clients through listeners, routes and pools to endpoints, as wide as it flows. */
import { flowMap, type MapNode, type MapRibbon } from "../live/flow-map.ts";
import { percent, rate } from "../parts/format.ts";
import { useFeed } from "../parts/hooks.ts";
import { Section } from "../parts/small.tsx";

const width = 1240;
const top = 34;
const nodeWidth = 7;
const columnTitles = ["Clients", "Listeners", "Routes", "Pools", "Endpoints"];
const columnX = [0, 250, 520, 800, 1060];

export function MapPage() {
  const { model } = useFeed();
  const map = flowMap(model);
  return (
    <Section title="Where requests go, now" aside={<span>{rate(model.total.requests.rate)} requests/s</span>}>
      <div class="map-frame" tabIndex={0} role="region" aria-label="Map of flows">
        <svg
          class="map"
          viewBox={`0 0 ${width} ${map.height + top + 8}`}
          style={{ minWidth: `${width * 0.86}px` }}
        >
          {columnTitles.map((title, column) => (
            <text key={title} class="map-column" x={columnX[column] ?? 0} y="12">
              {title}
            </text>
          ))}
          <g transform={`translate(0 ${top})`}>
            {map.ribbons.map((ribbon) => (
              <Ribbon key={ribbon.id} ribbon={ribbon} />
            ))}
            {map.nodes.map((node) => (
              <Node key={node.id} node={node} total={model.total.requests.rate} />
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

function Ribbon({ ribbon }: { readonly ribbon: MapRibbon }) {
  const { from, to, flow } = ribbon;
  const x1 = (columnX[from.column] ?? 0) + nodeWidth;
  const x2 = columnX[to.column] ?? 0;
  const bend = (x2 - x1) * 0.45;
  const start = flow > 0 ? ribbon.fromY : from.y + from.height / 2;
  const end = flow > 0 ? ribbon.toY : to.y + to.height / 2;
  return (
    <path
      class={flow > 0 ? `ribbon ribbon-${to.state ?? "flow"}` : "ribbon-dry"}
      d={`M${x1} ${start}C${x1 + bend} ${start} ${x2 - bend} ${end} ${x2} ${end}`}
      stroke-width={flow > 0 ? Math.max(1, ribbon.width) : 1}
    >
      <title>{`${from.title} → ${to.title}: ${rate(flow)} requests/s`}</title>
    </path>
  );
}

function Node({ node, total }: { readonly node: MapNode; readonly total: number }) {
  const x = columnX[node.column] ?? 0;
  const middle = node.y + node.height / 2;
  const share = total > 0 ? `, ${percent(node.flow / total)}` : "";
  const label = (
    <>
      <rect
        class={`map-node map-node-${node.state ?? "plain"}`}
        x={x}
        y={node.y}
        width={nodeWidth}
        height={node.height}
      />
      <text class="map-title" x={x + nodeWidth + 8} y={middle - 2}>
        {shortened(node.title)}
        {node.detail === "" ? null : <tspan class="map-detail"> {shortened(node.detail)}</tspan>}
      </text>
      <text class="map-flow" x={x + nodeWidth + 8} y={middle + 12}>
        {rate(node.flow)}/s{share}
        {node.errors > 0 ? <tspan class="map-errors"> {rate(node.errors)}/s 5xx</tspan> : null}
      </text>
    </>
  );
  return node.href === null ? <g>{label}</g> : <a href={node.href}>{label}</a>;
}

function shortened(text: string): string {
  return text.length > 26 ? `${text.slice(0, 25)}…` : text;
}
