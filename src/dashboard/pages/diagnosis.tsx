/** Why requests failed in the last hour: cause, where, how often, what to do, and one example. */
import { useState } from "preact/hooks";
import type { AdminDocument } from "../../config/admin-documents.ts";
import { ask, send } from "../api/client.ts";
import { Confirm, type Confirmation } from "../parts/confirm.tsx";
import { clockTime, count, millis, plural } from "../parts/format.ts";
import { addressOf, useAnswer, useFeed } from "../parts/hooks.ts";
import { Note, Section } from "../parts/small.tsx";

type Row = AdminDocument<"Diagnosis">["rows"][number];

const rowsMax = 200;

export function DiagnosisPage() {
  const { model } = useFeed();
  const [asked, setAsked] = useState<Confirmation | null>(null);
  const answer = useAnswer("diagnosis", (signal) => ask("Diagnosis", "v1/diagnosis", { signal }), 3000);
  if (answer.value === null)
    return <Note tone={answer.error === null ? "plain" : "bad"}>{answer.error ?? "Asking …"}</Note>;
  const { rows, ungrouped } = answer.value;
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const recovered = rows.reduce((sum, row) => sum + row.recovered, 0);
  const clear = (): void =>
    setAsked({
      title: "Forget these failures?",
      effect: <p>The list begins anew, for everybody. Traffic, metrics and logs are not touched.</p>,
      verb: "Forget them",
      run: () => send("v1/diagnosis", { method: "DELETE" }).then(answer.again),
    });
  const aside = (
    <>
      <span>{plural(failed, "request")} failed</span>
      <span>{plural(recovered, "failed attempt")} made good by another</span>
      {model.hello?.caller.mayWrite === true && rows.length > 0 ? (
        <button type="button" class="button button-quiet" onClick={clear}>
          Forget these
        </button>
      ) : null}
    </>
  );
  return (
    <Section title="Why requests failed in the last hour" aside={aside}>
      {rows.length === 0 ? <Note>Nothing failed.</Note> : null}
      <div class="causes">
        {causesOf(rows.slice(0, rowsMax)).map((cause) => (
          <CauseCard key={cause.key} cause={cause} />
        ))}
      </div>
      {rows.length > rowsMax ? <Note>The {rowsMax} most frequent are shown.</Note> : null}
      {ungrouped > 0 ? <Note>{plural(ungrouped, "failure")} found no group.</Note> : null}
      <Confirm asked={asked} onClose={() => setAsked(null)} />
    </Section>
  );
}

/** Rows of one cause and endpoint, by whatever way the requests came. */
interface Cause {
  readonly key: string;
  /** The most frequent first. */
  readonly rows: Row[];
  failed: number;
  recovered: number;
}

function causesOf(rows: readonly Row[]): readonly Cause[] {
  const found = new Map<string, Cause>();
  for (const row of rows) {
    const key = [row.cause, row.pool, row.endpoint].join("\n");
    const cause = found.get(key) ?? { key, rows: [], failed: 0, recovered: 0 };
    cause.rows.push(row);
    cause.failed += row.failed;
    cause.recovered += row.recovered;
    found.set(key, cause);
  }
  return [...found.values()].toSorted((a, b) => b.failed - a.failed || b.recovered - a.recovered);
}

function CauseCard({ cause }: { readonly cause: Cause }) {
  const [first] = cause.rows;
  if (first === undefined) return null;
  const { pool, endpoint } = first;
  return (
    <article class="cause" data-cause={first.cause}>
      <div class="cause-count">
        <strong class={cause.failed > 0 ? "bad" : ""}>
          {count(cause.failed > 0 ? cause.failed : cause.recovered)}
        </strong>
        <span>{cause.failed > 0 ? "failed" : "made good"}</span>
        {cause.failed > 0 && cause.recovered > 0 ? <small>{count(cause.recovered)} made good</small> : null}
      </div>
      <div>
        <h3>
          {first.sentence} <code>{first.cause}</code>
        </h3>
        <p class="path">
          {pool === "" ? null : <a href={addressOf("pools", pool)}>{pool}</a>}
          {endpoint === "" ? null : (
            <>
              {" → "}
              <a href={addressOf("pools", pool, endpoint)}>{endpoint}</a>
            </>
          )}
        </p>
        <p class="fix">{first.fix}</p>
        <ul class="ways">
          {cause.rows.map((row) => (
            <Way key={`${row.listener}\n${row.route}`} row={row} />
          ))}
        </ul>
      </div>
    </article>
  );
}

function Way({ row }: { readonly row: Row }) {
  const { listener, route, failed, recovered, firstSeen, lastSeen, example } = row;
  const counts = [
    failed > 0 ? `${count(failed)} failed` : "",
    recovered > 0 ? `${count(recovered)} made good` : "",
  ];
  return (
    <li>
      <span class="way">{[listener, route].filter((name) => name !== "").join(" → ")}</span>
      <span>{counts.filter((text) => text !== "").join(", ")}</span>
      <span>
        {clockTime(firstSeen)} to {clockTime(lastSeen)}
      </span>
      <span class="example">
        such as{" "}
        <code>
          {example.method} {example.host}
          {example.target}
        </code>{" "}
        from {example.client}, {example.status === 0 ? "no answer" : example.status} after{" "}
        {millis(example.durationMs)}
        {example.detail === "" ? "" : `: ${example.detail}`}
      </span>
    </li>
  );
}
