/** What would happen to a request now; sends nothing. */
import { useState } from "preact/hooks";
import type { AdminDocument } from "../../config/admin-documents.ts";
import { ask } from "../api/client.ts";
import { Problem } from "../parts/confirm.tsx";
import { useFeed } from "../parts/hooks.ts";
import { Section } from "../parts/small.tsx";
import { Explanation } from "./explanation.tsx";

export function ExplainPage() {
  const { model } = useFeed();
  const [answer, setAnswer] = useState<AdminDocument<"Explanation"> | null>(null);
  const [error, setError] = useState<unknown>(null);
  const explain = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string): string => {
      const value = form.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const json = {
      method: field("method"),
      url: field("url"),
      headers: headersOf(field("headers")),
      ...(field("client") === "" ? {} : { client: field("client") }),
      ...(field("listener") === "" ? {} : { listener: field("listener") }),
    };
    setError(null);
    ask("Explanation", "v1/explain", { method: "POST", json }).then(setAnswer, (problem: unknown) => {
      setAnswer(null);
      setError(problem);
    });
  };
  return (
    <>
      <Section title="What would happen to a request?">
        <form class="explain" onSubmit={explain}>
          <label class="field-method">
            Method
            <select name="method">
              {["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => (
                <option key={method}>{method}</option>
              ))}
            </select>
          </label>
          <label class="field-url">
            URL or path
            <input name="url" required placeholder="https://shop.example/api/items?q=1" spellcheck={false} />
          </label>
          <label class="field-listener">
            Listener
            <select name="listener">
              <option value="">any</option>
              {model.listeners.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label class="field-client">
            Client's address
            <input name="client" placeholder="192.0.2.7" spellcheck={false} />
          </label>
          <label class="field-headers">
            Headers, one a line
            <textarea name="headers" rows={2} placeholder="Cookie: session=abc" spellcheck={false} />
          </label>
          <button type="submit" class="button button-main">
            Explain
          </button>
        </form>
        {error === null ? null : <Problem error={error} />}
      </Section>
      {answer === null ? null : <Explanation answer={answer} />}
    </>
  );
}

function headersOf(text: string): [string, string][] {
  return text
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]);
}
