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
        {rows.slice(0, rowsMax).map((row) => (
          <CauseCard
            key={[row.cause, row.listener, row.route, row.pool, row.endpoint].join("\n")}
            row={row}
          />
        ))}
      </div>
      {rows.length > rowsMax ? <Note>The {rowsMax} most frequent are shown.</Note> : null}
      {ungrouped > 0 ? <Note>{plural(ungrouped, "failure")} found no group.</Note> : null}
      <Confirm asked={asked} onClose={() => setAsked(null)} />
    </Section>
  );
}

function CauseCard({ row }: { readonly row: Row }) {
  const { example } = row;
  return (
    <article class="cause" data-cause={row.cause}>
      <div class="cause-count">
        <strong class={row.failed > 0 ? "bad" : ""}>{count(row.failed)}</strong>
        <span>failed</span>
        {row.recovered > 0 ? <small>{count(row.recovered)} made good</small> : null}
      </div>
      <div>
        <h3>
          {row.sentence} <code>{row.cause}</code>
        </h3>
        <p class="path">
          {[row.listener, row.route].filter((name) => name !== "").join(" → ")}
          {row.pool === "" ? null : (
            <>
              {" → "}
              <a href={addressOf("pools", row.pool)}>{row.pool}</a>
            </>
          )}
          {row.endpoint === "" ? null : (
            <>
              {" → "}
              <a href={addressOf("pools", row.pool, row.endpoint)}>{row.endpoint}</a>
            </>
          )}
        </p>
        <p class="fix">{row.fix}</p>
        <p class="example">
          {clockTime(row.firstSeen)} to {clockTime(row.lastSeen)}. For example{" "}
          <code>
            {example.method} {example.host}
            {example.target}
          </code>{" "}
          from {example.client}, {example.status === 0 ? "no answer" : example.status} after{" "}
          {millis(example.durationMs)}
          {example.detail === "" ? "" : `: ${example.detail}`}
        </p>
      </div>
    </article>
  );
}
