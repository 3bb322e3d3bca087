import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamRoutes } from "./stream-routes.ts";

const routes = new StreamRoutes([
  { serverNames: [], alpn: [], pool: "rest" },
  { serverNames: ["*.example.com"], alpn: [], pool: "wild" },
  { serverNames: ["*.deep.example.com"], alpn: [], pool: "deep" },
  { serverNames: ["a.example.com", "b.example.com"], alpn: [], pool: "exact" },
  { serverNames: ["a.example.com"], alpn: ["h2"], pool: "choosy" },
  { serverNames: ["only-h2.test"], alpn: ["h2"], pool: "h2" },
  { serverNames: ["a.example.com"], alpn: [], pool: "later" },
]);

const cases: readonly [string | null, readonly string[], string][] = [
  ["a.example.com", [], "exact"],
  ["a.example.com", ["http/1.1", "h2"], "choosy"],
  ["b.example.com", ["h2"], "exact"],
  ["c.example.com", [], "wild"],
  ["x.y.example.com", [], "wild"],
  ["x.deep.example.com", [], "deep"],
  ["example.com", [], "rest"],
  ["only-h2.test", ["h2"], "h2"],
  ["only-h2.test", ["http/1.1"], "rest"],
  [null, [], "rest"],
];

for (const [serverName, alpn, pool] of cases) {
  test(`a client that asks for ${serverName ?? "nobody"} and offers [${alpn.join(", ")}] goes to ${pool}`, () => {
    assert.equal(routes.find({ serverName, alpn }), pool);
  });
}

test("where no route takes a client, there is none", () => {
  const strict = new StreamRoutes([{ serverNames: ["a.example"], alpn: [], pool: "a" }]);
  assert.equal(strict.find({ serverName: "b.example", alpn: [] }), null);
  assert.equal(strict.find({ serverName: null, alpn: [] }), null);
});
