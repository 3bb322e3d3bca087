import assert from "node:assert/strict";
import { test } from "node:test";
import { rewriteGoFlags } from "./go-flags.ts";
import { createProgram } from "./program.ts";

const rows: { name: string; args: string[]; rewritten: string[] }[] = [
  {
    name: "a single dash before a long option is doubled",
    args: ["-backends=http://a,http://b", "-port=3030"],
    rewritten: ["--backends=http://a,http://b", "--port=3030"],
  },
  { name: "with the value as a word of its own", args: ["-port", "3030"], rewritten: ["--port", "3030"] },
  { name: "also after a verb", args: ["backend", "-name=a"], rewritten: ["backend", "--name=a"] },
  { name: "also with hyphens inside", args: ["-health-path=/h"], rewritten: ["--health-path=/h"] },
  {
    name: "-help and -version mean what they say",
    args: ["-help", "-version"],
    rewritten: ["--help", "--version"],
  },
  { name: "short options stay", args: ["-p", "3030", "-h", "-V"], rewritten: ["-p", "3030", "-h", "-V"] },
  { name: "a short option with its value attached stays", args: ["-p3030"], rewritten: ["-p3030"] },
  { name: "unknown words stay for the parser to refuse", args: ["-porto=1"], rewritten: ["-porto=1"] },
  { name: "values stay", args: ["--name", "port"], rewritten: ["--name", "port"] },
  { name: "nothing changes after --", args: ["--", "-port=1"], rewritten: ["--", "-port=1"] },
];

for (const { name, args, rewritten } of rows) {
  test(`Go's spelling: ${name}`, () => {
    assert.deepEqual(rewriteGoFlags(args, createProgram()), rewritten);
  });
}
