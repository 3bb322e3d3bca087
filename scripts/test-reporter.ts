/**
 * What `npm test` prints: a dot per test, the failures in full, and then the runner's own totals
 * (`# tests`, `# pass`, `# fail` …) as the last lines, where a person or a log reader looks first.
 */
import { dot } from "node:test/reporters";
import type { TestEvent } from "node:test/reporters";

// oxlint-disable-next-line import/no-default-export -- the runner loads the default export
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const totals: string[] = [];
  const watched = async function* (): AsyncGenerator<TestEvent> {
    for await (const event of events) {
      if (event.type === "test:diagnostic" && event.data.nesting === 0) totals.push(event.data.message);
      yield event;
    }
  };
  for await (const text of dot(watched())) yield text;
  yield totals.map((line) => `# ${line}\n`).join("");
}
