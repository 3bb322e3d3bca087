/** Asks before anything changes: what will happen, in sentences, and what went wrong if it does not. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, messageOf } from "../api/client.ts";

export interface Confirmation {
  readonly title: string;
  /** What it does to traffic. */
  readonly effect: ComponentChildren;
  /** A reason to think twice; null when there is none. */
  readonly warning?: string | null;
  readonly verb: string;
  readonly isGrave?: boolean;
  /** Rejects with what is wrong. */
  run(): Promise<unknown>;
}

export function Confirm({
  asked,
  onClose,
}: {
  readonly asked: Confirmation | null;
  readonly onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setError(null);
    if (asked !== null) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked === null]);

  const run = (): void => {
    if (asked === null) return;
    setRunning(true);
    setError(null);
    asked
      .run()
      .then(onClose, setError)
      .finally(() => setRunning(false));
  };
  return (
    <dialog ref={dialog} class="confirm" onClose={onClose} aria-labelledby="confirm-title">
      {asked === null ? null : (
        <>
          <h2 id="confirm-title">{asked.title}</h2>
          <div class="effect">{asked.effect}</div>
          {asked.warning === undefined || asked.warning === null ? null : (
            <p class="warning">{asked.warning}</p>
          )}
          {error === null ? null : <Problem error={error} />}
          <footer>
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <button
              type="button"
              class={asked.isGrave === true ? "button button-grave" : "button button-main"}
              disabled={isRunning}
              onClick={run}
            >
              {asked.verb}
            </button>
          </footer>
        </>
      )}
    </dialog>
  );
}

/** A problem with every issue of a configuration. */
export function Problem({ error }: { readonly error: unknown }) {
  const issues = error instanceof ApiError ? error.issues : [];
  return (
    <div class="note note-bad" role="alert">
      {messageOf(error)}
      {issues.length === 0 ? null : (
        <ul>
          {issues.map((issue) => (
            <li key={`${issue.path} ${issue.message}`}>
              <code>{issue.path}</code> {issue.message}
              {issue.suggestion === null ? "" : `; did you mean ${issue.suggestion}?`}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
