import assert from "node:assert/strict";
import { test } from "node:test";
import { substituteEnvironment } from "./environment.ts";
import { formatPath, nowhere } from "./issue.ts";

const environment = { PORT: "8080", EMPTY: "", HOST: "10.0.0.1" };

const texts: readonly (readonly [string, string])[] = [
  [":${env.PORT}", ":8080"],
  ["http://${env.HOST}:${env.PORT}", "http://10.0.0.1:8080"],
  ["${env.ABSENT:-7}", "7"],
  ["${env.ABSENT:-}", ""],
  ["${env.EMPTY:-7}", "7"],
  ["${env.EMPTY}", ""],
  ["${env.PORT:-7}", "8080"],
  ["$${env.PORT}", "$${env.PORT}"],
  ["${request.host} ${client.address:-none}", "${request.host} ${client.address:-none}"],
  ["${env.}", "${env.}"],
  ["${ENV.PORT}", "${ENV.PORT}"],
];

for (const [text, expected] of texts) {
  test(`'${text}' becomes '${expected}'`, () => {
    const { value, issues } = substituteEnvironment({ a: [text] }, environment, nowhere("test"));
    assert.deepEqual(value, { a: [expected] });
    assert.deepEqual(issues, []);
  });
}

test("values that are not text, and objects with a class, stay what they are", () => {
  const policy = (): object => ({});
  const at = new Date(0);
  const input = { a: 1, b: true, c: null, policy, at };
  const { value } = substituteEnvironment(input, environment, nowhere("test"));
  assert.deepEqual(value, input);
  assert.equal(value.at, at);
});

test("an unset variable without a default is an issue that names the nearest one that is set", () => {
  const { issues } = substituteEnvironment({ a: "${env.PROT} ${env.PORT}" }, environment, nowhere("test"));
  assert.deepEqual(
    issues.map(({ code, path, suggestion }) => [code, formatPath(path), suggestion]),
    [["unset-variable", "a", "PORT"]],
  );
});

test("each place that was filled knows its variables", () => {
  const { variables } = substituteEnvironment(
    { a: { b: ["x", "${env.HOST}:${env.PORT}"] } },
    environment,
    nowhere("test"),
  );
  assert.deepEqual(
    [...variables].map(([path, names]) => [formatPath(path), names]),
    [["a.b[1]", ["HOST", "PORT"]]],
  );
});
