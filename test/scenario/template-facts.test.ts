/** Every variable that templates may name has a value in an exchange that has all of it: nothing is silently empty. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { templateVariables } from "../../src/core/template-variables.ts";
import { RecordScope } from "../../src/observability/access-log/record-scope.ts";
import { startBalancerRig } from "../support/balancer-rig.ts";
import { refusingPort } from "../support/raw-origin.ts";

/** Known only over TLS, when tracing is on, or when there is no answer of an endpoint. */
const elsewhere = /^(?:tls\.|trace\.id$|response\.cause$)/;
const argumentsOf: Readonly<Record<string, string>> = {
  "request.header.": "x-in",
  "request.query.": "q",
  "request.cookie.": "c",
  "capture.": "id",
  "response.header.": "content-length",
};

test("each variable has a value after an exchange with a user, a failed attempt and an answer", async () => {
  const gone = `127.0.0.1:${await refusingPort()}`;
  await using rig = await startBalancerRig({
    origins: ["good"],
    pool: { policy: "first" },
    route: {
      name: "users",
      match: { path: "/users/:id" },
      headers: { response: { set: { "X-Id": "${capture.id}" } } },
      basicAuth: { realm: "r", users: { ann: "plain:secret-password" } },
    },
  });
  const { config } = rig.balancer;
  const [good] = config.pools["app"]?.endpoints ?? [];
  assert(good !== undefined);
  // Ahead of the one that answers.
  await rig.balancer.addEndpoint("app", { name: "gone", url: `http://${gone}` });
  await rig.balancer.removeEndpoint("app", "good");
  await rig.balancer.addEndpoint("app", { name: "good", url: good.url });
  const headers = {
    "X-In": "1",
    Cookie: "c=3",
    Authorization: `Basic ${Buffer.from("ann:secret-password").toString("base64")}`,
  };
  const answer = await rig.ask({ path: "/users/a%41?q=2", headers });
  assert.equal(answer.status, 200);
  const record = rig.records.at(-1);
  assert(record !== undefined);
  const scope = new RecordScope(record);
  const values = new Map(
    templateVariables
      .filter(({ name }) => !elsewhere.test(name))
      .map(({ name, read }) => [name, read(scope, argumentsOf[name] ?? "")] as const),
  );
  const empty = [...values].filter(([, value]) => value === undefined || value === "");
  assert.deepEqual(
    empty.map(([name]) => name),
    [],
  );
  const address = good.url.slice("http://".length);
  assert.equal(values.get("attempt.endpoints"), `${gone}, ${address}`);
  assert.equal(values.get("attempt.statuses"), "502, 200");
  assert.equal(values.get("endpoint.address"), address);
  assert.equal(values.get("request.normal_path"), "/users/aA");
  assert.equal(values.get("client.user"), "ann");
});
