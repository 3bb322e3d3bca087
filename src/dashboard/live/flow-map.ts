/** Lays out the map: columns of nodes, and ribbons between them as wide as what flows. No browser here. */
import type { LiveModel, PoolNow, RouteNow } from "./live-model.ts";

export interface MapNode {
  readonly id: string;
  readonly column: number;
  readonly title: string;
  readonly detail: string;
  readonly href: string | null;
  /** Requests per second. */
  readonly flow: number;
  readonly errors: number;
  readonly state: "up" | "down" | "ejected" | "draining" | "maintenance" | null;
  y: number;
  height: number;
}

export interface MapRibbon {
  readonly id: string;
  readonly from: MapNode;
  readonly to: MapNode;
  readonly flow: number;
  width: number;
  fromY: number;
  toY: number;
}

export interface FlowMap {
  readonly nodes: readonly MapNode[];
  readonly ribbons: readonly MapRibbon[];
  readonly height: number;
}

/** Of all pools together, but at least three of each; the others of a pool become one node. */
const endpointsShown = 26;
/** Of all. */
const routesShown = 24;

const gap = 14;
const nodeMin = 26;
const flowHeight = 340;

type Draft = Omit<MapNode, "y" | "height">;
interface Link {
  readonly from: string;
  readonly to: string;
  readonly flow: number;
}

export function flowMap(model: LiveModel): FlowMap {
  const drafts: Draft[] = [];
  const links = new Map<string, Link>();
  const link = (from: string, to: string, flow: number): void => {
    const key = `${from}\n${to}`;
    links.set(key, { from, to, flow: (links.get(key)?.flow ?? 0) + flow });
  };
  const total = model.listeners.reduce((sum, { requests }) => sum + requests.rate, 0);
  drafts.push(draft("clients", 0, "clients", "", total));
  for (const { name, address, requests, errors } of model.listeners) {
    drafts.push({ ...draft(`l ${name}`, 1, name, address, requests.rate), errors: errors.rate });
    link("clients", `l ${name}`, requests.rate);
  }
  const shown = addRoutes(model, drafts);
  const shownPerPool = Math.max(3, Math.floor(endpointsShown / model.pools.length));
  for (const pool of model.pools) addPool(pool, shownPerPool, drafts, link);
  const routeId = (name: string): string => (shown.has(name) ? `r ${name}` : "r others");
  const isOneDoor = model.listeners.length === 1;
  for (const { from, to, requests } of model.arrivals) {
    // A way that nothing takes now is still a way, as far as it is known to be one.
    if (requests.rate > 0 || isOneDoor) link(`l ${from}`, routeId(to), requests.rate);
  }
  for (const { from, to, requests } of model.departures) link(routeId(from), `p ${to}`, requests.rate);
  return place(drafts, [...links.values()], total);
}

/** Adds the busiest routes; returns their names. */
function addRoutes({ routes, pools: poolsInOrder }: LiveModel, drafts: Draft[]): ReadonlySet<string> {
  const busiest =
    routes.length <= routesShown ? routes : routes.toSorted((a, b) => b.requests.rate - a.requests.rate);
  const shown = new Set(busiest.slice(0, routesShown).map(({ name }) => name));
  const poolPlace = new Map(poolsInOrder.map(({ name }, place) => [name, place]));
  const placeOf = ({ pools }: RouteNow): number => poolPlace.get(pools[0] ?? "") ?? Number.MAX_SAFE_INTEGER;
  // Routes stand across from their pools, so that few ribbons cross.
  for (const { name, action, requests, errors, pools } of routes.toSorted(
    (a, b) => placeOf(a) - placeOf(b),
  )) {
    if (!shown.has(name)) continue;
    const detail = pools.length === 0 ? action : "";
    drafts.push({
      ...draft(`r ${name}`, 2, name, detail, requests.rate),
      href: "#/routes",
      errors: errors.rate,
    });
  }
  const others = routes.filter(({ name }) => !shown.has(name));
  if (others.length > 0) {
    const flow = others.reduce((sum, { requests }) => sum + requests.rate, 0);
    drafts.push({ ...draft("r others", 2, `${others.length} more routes`, "", flow), href: "#/routes" });
  }
  return shown;
}

function addPool(
  pool: PoolNow,
  shownMax: number,
  drafts: Draft[],
  link: (from: string, to: string, flow: number) => void,
): void {
  const { name, policy, requests, errors, endpoints } = pool;
  const href = `#/pools/${encodeURIComponent(name)}`;
  drafts.push({ ...draft(`p ${name}`, 3, name, policy, requests.rate), href, errors: errors.rate });
  const isLong = endpoints.length > shownMax;
  const ordered = isLong ? endpoints.toSorted((a, b) => rank(b) - rank(a)) : endpoints;
  for (const each of ordered.slice(0, shownMax)) {
    const id = `e ${name}\n${each.name}`;
    drafts.push({
      ...draft(id, 4, each.name, each.state === "up" ? "" : each.state, each.requests.rate),
      ...{ href: `${href}/${encodeURIComponent(each.name)}`, errors: each.errors.rate, state: each.state },
    });
    link(`p ${name}`, id, each.requests.rate);
  }
  const others = ordered.slice(shownMax);
  if (others.length === 0) return;
  const flow = others.reduce((sum, each) => sum + each.requests.rate, 0);
  drafts.push({ ...draft(`e ${name}`, 4, `${others.length} more`, "", flow), href });
  link(`p ${name}`, `e ${name}`, flow);
}

/** Troubles first, then the busiest. */
function rank({ state, requests }: PoolNow["endpoints"][number]): number {
  return (state === "down" || state === "ejected" ? 1e9 : 0) + requests.rate;
}

function draft(id: string, column: number, title: string, detail: string, flow: number): Draft {
  return { id, column, title, detail, href: null, flow, errors: 0, state: null };
}

/** Stacks each column, then lays the ribbons side by side along each node. */
function place(drafts: readonly Draft[], links: readonly Link[], total: number): FlowMap {
  const scale = total <= 0 ? 0 : flowHeight / total;
  const nodes = drafts.map((each) => ({ ...each, y: 0, height: Math.max(nodeMin, each.flow * scale) }));
  const columns = [0, 1, 2, 3, 4].map((column) => nodes.filter((node) => node.column === column));
  const heights = columns.map((column) => column.reduce((sum, { height }) => sum + height + gap, -gap));
  const height = Math.max(...heights, 120);
  for (const [place, column] of columns.entries()) {
    let y = (height - (heights[place] ?? 0)) / 2;
    for (const node of column) {
      node.y = y;
      y += node.height + gap;
    }
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ribbons = links.flatMap(({ from, to, flow }) => {
    const [start, end] = [byId.get(from), byId.get(to)];
    if (start === undefined || end === undefined) return [];
    const id = `${from}\n${to}`;
    return [{ id, from: start, to: end, flow, width: flow * scale, fromY: 0, toY: 0 }];
  });
  layAlong(ribbons, "from", "to");
  layAlong(ribbons, "to", "from");
  return { nodes, ribbons, height };
}

/** In the order of the other ends, so that ribbons of one node do not cross. */
function layAlong(ribbons: readonly MapRibbon[], side: "from" | "to", other: "from" | "to"): void {
  const used = new Map<MapNode, number>();
  const sums = new Map<MapNode, number>();
  for (const ribbon of ribbons) sums.set(ribbon[side], (sums.get(ribbon[side]) ?? 0) + ribbon.width);
  for (const ribbon of ribbons.toSorted((a, b) => a[other].y - b[other].y)) {
    const node = ribbon[side];
    const start = used.get(node) ?? Math.max(0, (node.height - (sums.get(node) ?? 0)) / 2);
    ribbon[side === "from" ? "fromY" : "toY"] = node.y + start + ribbon.width / 2;
    used.set(node, start + ribbon.width);
  }
}
