/** Basic authentication: who is let in, what it costs, and what is refused in a configuration. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { BasicAuth, type AuthVerdict } from "./basic-auth.ts";
import { hashPassword, passwordHashFault } from "./password-hash.ts";

const salt = Buffer.from("0123456789abcdef");
const sha256 = `sha256:${salt.toString("base64")}:${createHash("sha256").update(salt).update("tree").digest("base64")}`;
const users = { plain: "plain:p:w", quick: sha256, slow: hashPassword("schlüssel", salt) };

function authOf(given: Readonly<Record<string, string>> = users, fields: string[] = []): BasicAuth {
  return new BasicAuth({ realm: 'the "inner" court', users: given }, "basicAuth", {
    report: (field) => void fields.push(field),
  });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

function verdict(auth: BasicAuth, header: string | undefined): Promise<AuthVerdict> {
  return new Promise((resolve) => auth.check(header, resolve));
}

const cases: readonly (readonly [name: string, header: string | undefined, user: string | null])[] = [
  ["a plain password with a colon", basic("plain", "p:w"), "plain"],
  ["a sha256 password", basic("quick", "tree"), "quick"],
  ["a scrypt password beyond ASCII", basic("slow", "schlüssel"), "slow"],
  ["the scheme in another case", basic("quick", "tree").replace("Basic", "bASIC "), "quick"],
  ["a wrong plain password", basic("plain", "p:x"), null],
  ["a wrong sha256 password", basic("quick", "trees"), null],
  ["a wrong scrypt password", basic("slow", "schlussel"), null],
  ["an unknown user", basic("nobody", "tree"), null],
  ["a name from Object.prototype", basic("constructor", "x"), null],
  ["an empty password", basic("quick", ""), null],
  ["no colon", `Basic ${Buffer.from("quick").toString("base64")}`, null],
  ["another scheme", "Bearer abc", null],
  ["nothing", undefined, null],
  ["text that is not base64", "Basic a b", null],
  ["endless credentials", `Basic ${"a".repeat(5000)}`, null],
];

for (const [name, header, user] of cases) {
  test(`${name} is ${user === null ? "refused" : "granted"}, each time`, async () => {
    const auth = authOf();
    const expected = user === null ? { kind: "refused" } : { kind: "granted", user };
    assert.deepEqual(await verdict(auth, header), expected);
    assert.deepEqual(await verdict(auth, header), expected);
  });
}

test("a slow password is verified once, then answered at once", async () => {
  const auth = authOf();
  await verdict(auth, basic("slow", "schlüssel"));
  let atOnce: AuthVerdict | null = null;
  auth.check(basic("slow", "schlüssel"), (found) => (atOnce = found));
  assert.deepEqual(atOnce, { kind: "granted", user: "slow" });
});

test("more slow verifications than the limit are refused as busy, and none is lost", async () => {
  const auth = authOf();
  const verdicts = await Promise.all(
    Array.from({ length: 20 }, (_, n) => verdict(auth, basic("slow", String(n)))),
  );
  assert.equal(verdicts.filter(({ kind }) => kind === "busy").length, 4);
  assert.equal(verdicts.filter(({ kind }) => kind === "refused").length, 16);
  assert.equal((await verdict(auth, basic("slow", "schlüssel"))).kind, "granted");
});

test("the challenge quotes the realm", () => {
  assert.equal(authOf().challenge, 'Basic realm="the \\"inner\\" court", charset="UTF-8"');
});

test("bad hashes and names with a colon are reported, and their users not let in", async () => {
  const fields: string[] = [];
  const auth = authOf({ a: "md5:x:y", "b:c": "plain:x", d: "sha256:AAAA:AAAA" }, fields);
  assert.deepEqual(fields, ["basicAuth.users.a", "basicAuth.users", "basicAuth.users.d"]);
  assert.equal((await verdict(auth, basic("a", "y"))).kind, "refused");
});

test("a hash made here is one that is taken here", () => {
  assert.equal(passwordHashFault(hashPassword("x")), null);
  assert.notEqual(hashPassword("x"), hashPassword("x"), "salts differ");
  assert.match(passwordHashFault("x") ?? "", /scrypt:SALT:KEY/);
});
