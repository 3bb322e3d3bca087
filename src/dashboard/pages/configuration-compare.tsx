/** What a pasted configuration would change; nothing is changed here. */
import { useState } from "preact/hooks";
import type { AdminDocument } from "../../config/admin-documents.ts";
import { ask } from "../api/client.ts";
import { Problem } from "../parts/confirm.tsx";
import { Note, Section } from "../parts/small.tsx";
import { Changes } from "./configuration-changes.tsx";

export function Compare({ mayWrite }: { readonly mayWrite: boolean }) {
  const [text, setText] = useState("");
  const [answer, setAnswer] = useState<AdminDocument<"Changes"> | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (!mayWrite)
    return (
      <Note>
        Comparing takes a token that may write: a configuration can name any variable of the environment.
      </Note>
    );
  const compare = (event: Event): void => {
    event.preventDefault();
    setError(null);
    setAnswer(null);
    ask("Changes", "v1/config/diff", { method: "POST", text }).then(setAnswer, setError);
  };
  return (
    <Section title="What would another configuration change?">
      <form class="compare" onSubmit={compare}>
        <label for="other">A configuration in YAML or JSON. It is only compared.</label>
        <textarea
          id="other"
          rows={12}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="button button-main" disabled={text.trim() === ""}>
          Compare
        </button>
      </form>
      {error === null ? null : <Problem error={error} />}
      {answer === null ? null : answer.changes.length === 0 ? (
        <Note>It changes nothing.</Note>
      ) : (
        <Changes changes={answer.changes} />
      )}
    </Section>
  );
}
