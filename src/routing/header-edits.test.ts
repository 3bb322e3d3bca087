/** Header edits: order, case, emptiness, and names that are not to be touched. */
import assert from "node:assert/strict";
import test from "node:test";
import { templateScope } from "../../test/support/template-scope.ts";
import {
  combineHeaderEdits,
  compileHeaderEdits,
  editHeaders,
  noHeaderEdits,
  type HeaderEditsSpec,
} from "./header-edits.ts";

function compiled(spec: HeaderEditsSpec, direction: "request" | "response" = "response") {
  const fields: string[] = [];
  const sink = { report: (field: string) => void fields.push(field) };
  return { edits: compileHeaderEdits(spec, direction, "h", { sink, captures: [] }), fields };
}

const before: readonly (readonly [string, string])[] = [
  ["Server", "origin"],
  ["X-A", "1"],
  ["x-a", "2"],
  ["B", "3"],
];
const scope = templateScope("GET http://www.example.com/", { headers: { evil: "x\r\nInjected: 1" } });

const cases: readonly (readonly [spec: HeaderEditsSpec, after: readonly string[]])[] = [
  [{}, ["Server: origin", "X-A: 1", "x-a: 2", "B: 3"]],
  [{ remove: ["x-A"] }, ["Server: origin", "B: 3"]],
  [{ set: { "X-a": "new" } }, ["Server: origin", "B: 3", "X-a: new"]],
  [{ add: { "X-A": "3" } }, ["Server: origin", "X-A: 1", "x-a: 2", "B: 3", "X-A: 3"]],
  [{ rename: { SERVER: "X-Origin" } }, ["X-Origin: origin", "X-A: 1", "x-a: 2", "B: 3"]],
  [{ rename: { server: "X-Gone" }, remove: ["x-gone"] }, ["X-A: 1", "x-a: 2", "B: 3"]],
  [{ set: { H: "${request.host}" }, remove: ["server", "x-a", "b"] }, ["H: www.example.com"]],
  [{ set: { B: "${request.header.missing}" } }, ["Server: origin", "X-A: 1", "x-a: 2"]],
  [{ set: { B: "${request.header.evil}" }, remove: ["server", "x-a"] }, ["B: x  Injected: 1"]],
];

for (const [spec, after] of cases) {
  test(`${JSON.stringify(spec)} leaves ${after.join(", ")}`, () => {
    const { edits, fields } = compiled(spec);
    assert.deepEqual(fields, []);
    assert.deepEqual(
      editHeaders(before, edits, scope).map(([name, value]) => `${name}: ${value}`),
      after,
    );
    assert.equal(edits.isEmpty, Object.keys(spec).length === 0);
  });
}

const refused: readonly (readonly [
  spec: HeaderEditsSpec,
  direction: "request" | "response",
  field: string,
])[] = [
  [{ set: { "Content-Length": "1" } }, "response", "h"],
  [{ remove: ["transfer-encoding"] }, "request", "h"],
  [{ rename: { a: "Connection" } }, "response", "h"],
  [{ set: { "a b": "1" } }, "response", "h"],
  [{ set: { a: "${nope}" } }, "response", "h.set.a"],
  [{ add: { a: "${response.status}" } }, "request", "h.add.a"],
  [{ remove: ["Host"] }, "request", "h"],
  [{ add: { Host: "x" } }, "request", "h.add"],
];

for (const [spec, direction, field] of refused) {
  test(`${JSON.stringify(spec)} is refused for a ${direction}`, () =>
    assert.deepEqual(compiled(spec, direction).fields, [field]));
}

test("the Host of a request may be set", () =>
  assert.deepEqual(compiled({ set: { Host: "x" } }, "request").fields, []));

test("edits of a route come after, and win over, those of its listener", () => {
  const outer = compiled({ set: { A: "outer", C: "kept" }, remove: ["server"] }).edits;
  const inner = compiled({ set: { a: "inner" }, rename: { b: "D" } }).edits;
  assert.deepEqual(
    editHeaders(before, combineHeaderEdits(outer, inner), scope).map((pair) => pair.join(": ")),
    ["X-A: 1", "x-a: 2", "D: 3", "C: kept", "a: inner"],
  );
  assert.equal(combineHeaderEdits(noHeaderEdits, inner), inner);
  assert.equal(combineHeaderEdits(outer, noHeaderEdits), outer);
});
