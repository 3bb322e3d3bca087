/** The configuration in force: where it comes from, what drifted from the file, what was before, what another would change. */
import { useState } from "preact/hooks";
import type { AdminDocument } from "../../config/admin-documents.ts";
import { ask, send } from "../api/client.ts";
import { Confirm, type Confirmation, Problem } from "../parts/confirm.tsx";
import { clockTime, plural } from "../parts/format.ts";
import { type Answer, useAnswer, useFeed } from "../parts/hooks.ts";
import { Choice, Note, Section } from "../parts/small.tsx";
import { Changes } from "./configuration-changes.tsx";
import { Compare } from "./configuration-compare.tsx";

type Part = "force" | "drift" | "revisions" | "compare";
type Status = AdminDocument<"Status">;
type Drift = AdminDocument<"Drift">;
type Change = Drift["changes"][number];

export function ConfigurationPage() {
  const { model } = useFeed();
  const [part, setPart] = useState<Part>("force");
  const [asked, setAsked] = useState<Confirmation | null>(null);
  const status = useAnswer(
    `status ${model.revision}`,
    (signal) => ask("Status", "v1/status", { signal }),
    5000,
  );
  const drift = useAnswer(
    `drift ${model.revision}`,
    (signal) => ask("Drift", "v1/config/drift", { signal }),
    5000,
  );
  const mayWrite = model.hello?.caller.mayWrite === true;
  const driftCount = drift.value?.changes.length ?? 0;
  return (
    <>
      {status.value === null ? null : (
        <Source status={status.value} drift={drift.value} mayWrite={mayWrite} onAsk={setAsked} />
      )}
      <div class="toolbar">
        <Choice
          label="Part of the configuration"
          options={[
            ["force", `In force: revision ${model.revision}`],
            ["drift", driftCount === 0 ? "Drift" : `Drift: ${driftCount}`],
            ["revisions", "Revisions"],
            ["compare", "Compare"],
          ]}
          value={part}
          onChange={setPart}
        />
      </div>
      {part === "force" ? <InForce revision={model.revision} /> : null}
      {part === "drift" ? <DriftPart drift={drift} mayWrite={mayWrite} onAsk={setAsked} /> : null}
      {part === "revisions" ? (
        <Revisions revision={model.revision} mayWrite={mayWrite} onAsk={setAsked} />
      ) : null}
      {part === "compare" ? <Compare mayWrite={mayWrite} /> : null}
      <Confirm asked={asked} onClose={() => setAsked(null)} />
    </>
  );
}

type OnAsk = (confirmation: Confirmation) => void;

function Source(props: {
  readonly status: Status;
  readonly drift: Drift | null;
  readonly mayWrite: boolean;
  readonly onAsk: OnAsk;
}) {
  const { status, drift, mayWrite, onAsk } = props;
  const { lastReload, source } = status;
  return (
    <header class="subject">
      <h1 class="small">{source ?? "Configured by flags, without a file"}</h1>
      <p class="reason">
        {source === null
          ? ""
          : status.isWatched
            ? "Read again whenever it changes. "
            : "Read again when told to. "}
        {lastReload === null ? "" : `Last reload at ${clockTime(lastReload.time)}: ${lastReload.outcome}`}
        {lastReload?.reason === null || lastReload === null ? "" : `, ${lastReload.reason}`}
      </p>
      {lastReload === null || lastReload.issues.length === 0 ? null : (
        <ul class="lines">
          {lastReload.issues.map((issue) => (
            <li
              key={`${issue.path} ${issue.message}`}
              class={`event-${issue.severity === "error" ? "error" : "warn"}`}
            >
              <code>
                {issue.location === null ? issue.path : `${issue.location.source}:${issue.location.line}`}
              </code>
              <span>{issue.message}</span>
            </li>
          ))}
        </ul>
      )}
      {mayWrite && source !== null ? (
        <div class="actions">
          <button type="button" class="button" onClick={() => onAsk(reload(source, drift))}>
            Reload
          </button>
        </div>
      ) : null}
    </header>
  );
}

function reload(source: string, drift: Drift | null): Confirmation {
  const count = drift?.changes.length ?? 0;
  return {
    title: "Reload the file?",
    effect: (
      <>
        <p>
          <code>{source}</code> is read again. What it changes takes effect by difference: endpoints,
          connections and counts that stay are not touched. If it has errors, nothing changes.
        </p>
        {count === 0 ? null : (
          <p>
            {plural(count, "setting")} changed at run time {count === 1 ? "is" : "are"} not in the file. Edits
            of endpoints hold unless the file says otherwise about the same endpoint.
          </p>
        )}
      </>
    ),
    verb: "Reload",
    run: () => send("v1/reload", { method: "POST", json: {} }),
  };
}

function InForce({ revision }: { readonly revision: number }) {
  const yaml = useAnswer(`yaml ${revision}`, (signal) =>
    send("v1/config.yaml", { signal }).then((response) => response.text()),
  );
  return (
    <Section title="In force, defaults filled in, secrets hidden">
      {yaml.value === null ? <Note>{yaml.error ?? "Asking …"}</Note> : <Yaml text={yaml.value} />}
    </Section>
  );
}

/** Keys stand out; nothing more is worth colouring. */
function Yaml({ text }: { readonly text: string }) {
  return (
    <pre class="yaml" tabIndex={0}>
      {text.split("\n").map((line, place) => {
        const [, indent = "", key = "", rest = ""] = /^(\s*(?:- )?)([\w.$-]+:)?(.*)$/.exec(line) ?? [];
        return (
          <span key={place}>
            {indent}
            <b>{key}</b>
            {rest}
            {"\n"}
          </span>
        );
      })}
    </pre>
  );
}

function DriftPart(props: {
  readonly drift: Answer<Drift>;
  readonly mayWrite: boolean;
  readonly onAsk: OnAsk;
}) {
  const { drift, mayWrite, onAsk } = props;
  if (drift.value === null) return <Note>{drift.error ?? "Asking …"}</Note>;
  const { changes, isPersistable } = drift.value;
  const persist = (): void =>
    onAsk({
      title: "Write these changes into the file?",
      effect: (
        <p>
          The file gets the edits of endpoints that were made at run time; its comments and order stay.
          Traffic does not change.
        </p>
      ),
      verb: "Write",
      run: () => send("v1/config/persist", { method: "POST" }).then(drift.again),
    });
  const discard = (): void =>
    onAsk({
      title: "Give these changes up?",
      effect: (
        <p>
          The file is read again and taken as it stands: {plural(changes.length, "setting")} below go back.
        </p>
      ),
      verb: "Give up",
      isGrave: true,
      run: () => send("v1/reload", { method: "POST", json: { discardDrift: true } }).then(drift.again),
    });
  return (
    <Section
      title="Changed at run time, and not in the file"
      aside={
        mayWrite && changes.length > 0 ? (
          <>
            {isPersistable ? (
              <button type="button" class="button" onClick={persist}>
                Write into the file
              </button>
            ) : null}
            <button type="button" class="button" onClick={discard}>
              Give up
            </button>
          </>
        ) : undefined
      }
    >
      {changes.length === 0 ? (
        <Note>None: what is in force is what the file says.</Note>
      ) : (
        <Changes changes={changes} />
      )}
    </Section>
  );
}

function Revisions(props: { readonly revision: number; readonly mayWrite: boolean; readonly onAsk: OnAsk }) {
  const { revision, mayWrite, onAsk } = props;
  const list = useAnswer(`revisions ${revision}`, (signal) =>
    ask("RevisionList", "v1/revisions", { signal }),
  );
  if (list.value === null)
    return list.error === null ? <Note>Asking …</Note> : <Problem error={new Error(list.error)} />;
  const { revisions, current } = list.value;
  const back = (target: number): void => {
    const undone = revisions
      .filter(({ number }) => number > target)
      .flatMap(({ changes }) => changes.map(turned));
    onAsk({
      title: `Go back to revision ${target}?`,
      effect: (
        <>
          <p>
            It becomes revision {current + 1}. The file is not touched, so the difference shows as drift. What
            that changes:
          </p>
          <Changes changes={undone} isShort />
        </>
      ),
      verb: "Roll back",
      isGrave: true,
      run: () => send("v1/config/rollback", { method: "POST", json: { revision: target } }),
    });
  };
  return (
    <Section title="Revisions, newest first">
      <ol class="revisions">
        {revisions.map((each) => (
          <li key={each.number} aria-current={each.isCurrent ? "true" : undefined}>
            <header>
              <strong>{each.number}</strong>
              <time dateTime={each.time}>{clockTime(each.time)}</time>
              <span>
                {each.origin.note ?? each.origin.way}
                {each.origin.by === null ? "" : `, by ${each.origin.by}`}
              </span>
              {each.isCurrent ? <span class="tag">in force</span> : null}
              {mayWrite && !each.isCurrent ? (
                <button type="button" class="button" onClick={() => back(each.number)}>
                  Roll back to it
                </button>
              ) : null}
            </header>
            <Changes changes={each.changes} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

const opposite = { added: "removed", removed: "added", changed: "changed", reordered: "reordered" } as const;

/** A change, undone. */
function turned(change: Change): Change {
  return {
    ...change,
    kind: opposite[change.kind],
    before: change.after,
    after: change.before,
    dropped: null,
  };
}
