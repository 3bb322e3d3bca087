import assert from "node:assert/strict";
import { test } from "node:test";
import { NameIndex } from "./name-index.ts";

const index = new NameIndex<string>();
for (const name of ["example.com", "*.example.com", "api.example.com", "*.b.example.com", "Caps.Example.org"])
  index.add(name, name);
index.add("example.com", "a second claim");

const cases: readonly (readonly [asked: string, found: string | undefined])[] = [
  ["example.com", "example.com"],
  ["www.example.com", "*.example.com"],
  ["api.example.com", "api.example.com"],
  ["a.b.example.com", "*.b.example.com"],
  ["x.a.b.example.com", undefined],
  ["EXAMPLE.com", "example.com"],
  ["example.com.", "example.com"],
  ["caps.example.org", "Caps.Example.org"],
  [".example.com", undefined],
  ["com", undefined],
  ["", undefined],
  ["notexample.com", undefined],
];

for (const [asked, found] of cases) {
  test(`the name ${JSON.stringify(asked)} belongs to ${found ?? "nobody"}`, () =>
    assert.equal(index.find(asked), found));
}
