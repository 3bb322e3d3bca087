/** What the control plane did and noticed, newest first, as it happens. */
import { useState } from "preact/hooks";
import { clockTime, count } from "../parts/format.ts";
import { addressOf, useFeed } from "../parts/hooks.ts";
import { Choice, Note, Section } from "../parts/small.tsx";

const shownMax = 200;

type Level = "all" | "warn" | "error";

export function EventsPage() {
  const { events } = useFeed();
  const [level, setLevel] = useState<Level>("all");
  const [filter, setFilter] = useState("");
  const word = filter.trim().toLowerCase();
  const found = events.filter(
    (event) =>
      (level === "all" || event.level === "error" || event.level === level) &&
      [event.message, event.kind, event.pool ?? "", event.origin ?? ""].some((text) =>
        text.toLowerCase().includes(word),
      ),
  );
  return (
    <>
      <div class="toolbar">
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter events"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Choice
          label="Events shown"
          options={[
            ["all", "All"],
            ["warn", "Warnings and errors"],
            ["error", "Errors"],
          ]}
          value={level}
          onChange={setLevel}
        />
      </div>
      <Section title="Events" aside={<span>{count(found.length)} kept</span>}>
        <ol class="lines events">
          {found
            .slice(-shownMax)
            .toReversed()
            .map((event) => (
              <li key={event.id} class={`event-${event.level}`}>
                <time dateTime={event.time} title={event.time}>
                  {clockTime(event.time)}
                </time>
                <span class="kind">{event.kind}</span>
                <span>
                  {event.message}
                  {event.pool === undefined || event.endpoint === undefined ? null : (
                    <small>
                      {" "}
                      <a href={addressOf("pools", event.pool, event.endpoint)}>{event.pool}</a>
                    </small>
                  )}
                  {event.origin === undefined ? null : <small> by {event.origin}</small>}
                </span>
              </li>
            ))}
        </ol>
        {found.length === 0 ? <Note>No event fits.</Note> : null}
        {found.length > shownMax ? <Note>The newest {shownMax} are shown; filter to see others.</Note> : null}
      </Section>
    </>
  );
}
