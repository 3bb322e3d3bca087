import assert from "node:assert/strict";
import { test } from "node:test";
import { flowMap } from "./flow-map.ts";
import { LiveModel } from "./live-model.ts";

function modelOf(endpointCount: number): LiveModel {
  const model = new LiveModel();
  model.setTopology({
    revision: 1,
    listeners: [
      { name: "public", address: ":80" },
      { name: "internal", address: ":81" },
    ],
    routes: [
      { name: "ping", action: "respond 204", pools: [] },
      { name: "shop", action: "split app 90, canary 10", pools: ["app", "canary"] },
    ],
    pools: [
      { name: "app", policy: "round-robin", hasProbes: false },
      { name: "canary", policy: "round-robin", hasProbes: false },
    ],
    ways: [
      [1, 0],
      [1, 1],
    ],
    endpoints: Array.from({ length: endpointCount }, (_, place) => ({
      ...{
        pool: 0,
        name: `b${place}`,
        url: `http://127.0.0.1:${place}`,
        configuredWeight: 1,
        isBackup: false,
      },
    })),
  });
  return model;
}

/** 100 requests/s: 80 in public, 20 internal; 40 to ping, 60 to shop, of which 54 to app. */
function flowing(model: LiveModel): LiveModel {
  for (const second of [1, 2]) {
    model.takeNumbers({
      at: second * 1000,
      total: [100 * second, 0, 0, 0, 0, 0],
      listeners: [
        [0, 80 * second, 0, 0, 0, 0],
        [1, 20 * second, 0, 0, 0, 0],
      ],
      routes: [
        [0, 40 * second, 0],
        [1, 60 * second, 0],
      ],
      pools: [
        [0, 54 * second, 0, 0, null, null, null],
        [1, 6 * second, 0, 0, null, null, null],
      ],
      arrivals: [
        [0, 40 * second],
        [1, 40 * second],
        [3, 20 * second],
      ],
      departures: [
        [0, 54 * second],
        [1, 6 * second],
      ],
      endpoints: model.endpoints.map((_, place) => [place, 54 * second, 0, 0, 0, null, null]),
    });
  }
  return model;
}

test("ribbons are as wide as what flows, and each way has its own", () => {
  const { ribbons } = flowMap(flowing(modelOf(1)));
  const flows = new Map(ribbons.map(({ from, to, flow }) => [`${from.title} → ${to.title}`, flow]));
  assert.deepEqual(Object.fromEntries(flows), {
    "clients → public": 80,
    "clients → internal": 20,
    "app → b0": 54,
    "public → ping": 40,
    "public → shop": 40,
    "internal → shop": 20,
    "shop → app": 54,
    "shop → canary": 6,
  });
  const widths = ribbons.map(({ width, flow }) => width / flow);
  for (const width of widths) assert.ok(Math.abs(width - (widths[0] ?? 0)) < 1e-9, "one scale for all");
});

test("ribbons lie side by side within their nodes", () => {
  const { nodes, ribbons } = flowMap(flowing(modelOf(1)));
  for (const node of nodes) {
    for (const side of ["from", "to"] as const) {
      const at = side === "from" ? "fromY" : "toY";
      const own = ribbons.filter((ribbon) => ribbon[side] === node).toSorted((a, b) => a[at] - b[at]);
      let end = node.y;
      for (const ribbon of own) {
        assert.ok(ribbon[at] - ribbon.width / 2 >= end - 1e-6, `${ribbon.id} overlaps`);
        end = ribbon[at] + ribbon.width / 2;
      }
      assert.ok(end <= node.y + node.height + 1e-6, `${node.id} overflows`);
    }
  }
});

test("of many endpoints a pool shows some, those in trouble first, and the others as one", () => {
  const model = flowing(modelOf(1000));
  model.takeStates([[777, "down", "ready", 0, 1, "refused", 0]]);
  const shown = flowMap(model).nodes.filter(({ column }) => column === 4);
  assert.equal(shown[0]?.title, "b777");
  assert.equal(shown.at(-1)?.title, "987 more");
  assert.equal(shown.length, 14);
});

test("where nothing flows there are ways, but no ribbons with a width", () => {
  const { ribbons } = flowMap(modelOf(2));
  assert.ok(ribbons.length > 0);
  assert.ok(ribbons.every(({ width }) => width === 0));
});
