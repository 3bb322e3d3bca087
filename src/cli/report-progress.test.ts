import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressBar } from "./report-progress.ts";

const mebibyte = 1024 * 1024;

function drawn(
  isTTY: boolean,
  total: number | null,
): { readonly texts: string[]; readonly bar: ProgressBar } {
  const texts: string[] = [];
  return { texts, bar: new ProgressBar({ isTTY, write: (text) => texts.push(text) }, total) };
}

test("a terminal is shown how far reading has come, every few mebibytes, and the bar goes in the end", () => {
  const { texts, bar } = drawn(true, 40 * mebibyte);
  for (let i = 0; i < 40; i++) bar.add(mebibyte, i * 100);
  bar.end();
  assert.equal(texts.length, 6);
  assert.match(texts[2] ?? "", /^\r█{13}░{17} 42 % {2}17 MiB, 1600 exchanges\u001b\[K$/);
  assert.equal(texts.at(-1), "\r\u001b[K");
});

test("where the size is not known, what was read is told; where there is no terminal, nothing", () => {
  const unknown = drawn(true, null);
  unknown.bar.add(9 * mebibyte, 7);
  assert.deepEqual(unknown.texts, ["\r9 MiB, 7 exchanges\u001b[K"]);
  const none = drawn(false, 10);
  none.bar.add(9 * mebibyte, 7);
  none.bar.end();
  assert.deepEqual(none.texts, []);
});
