/** The frame around every page: who one looks at, whether it is live, where one can go. */
import { useEffect, useRef, useState } from "preact/hooks";
import { storedToken, storeToken } from "./api/client.ts";
import type { Feed, FeedStatus } from "./live/feed.ts";
import { useAddress, useFeed } from "./parts/hooks.ts";
import { Choice } from "./parts/small.tsx";
import { applyTheme, storedTheme } from "./parts/theme.ts";
import { ConfigurationPage } from "./pages/configuration.tsx";
import { DiagnosisPage } from "./pages/diagnosis.tsx";
import { EndpointPage } from "./pages/endpoint.tsx";
import { EventsPage } from "./pages/events.tsx";
import { ExplainPage } from "./pages/explain.tsx";
import { MapPage } from "./pages/map.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { PoolsPage } from "./pages/pools.tsx";
import { RoutesPage } from "./pages/routes.tsx";

const pages = [
  ["overview", "Overview"],
  ["pools", "Pools"],
  ["routes", "Routes"],
  ["map", "Map"],
  ["diagnosis", "Diagnosis"],
  ["events", "Events"],
  ["configuration", "Configuration"],
  ["explain", "Explain"],
] as const;

export function App() {
  const feed = useFeed();
  const [first = "", ...rest] = useAddress();
  const page = pages.find(([name]) => name === first)?.[0] ?? "overview";
  useEffect(() => {
    document.title = `${pages.find(([name]) => name === page)?.[1] ?? ""} · Headgate`;
    // On a phone the row of tabs is wider than the screen.
    const tab = document.querySelector("nav.tabs a[aria-current]");
    tab?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [page, feed.status.kind === "token-needed"]);
  if (feed.status.kind === "token-needed") return <TokenForm feed={feed} message={feed.status.message} />;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the page
      </a>
      <header class="masthead">
        <div class="masthead-row">
          <a class="brand" href="#/overview">
            <Mark />
            <span>Headgate</span>
          </a>
          <Vitals feed={feed} />
          <Controls feed={feed} />
        </div>
        <nav class="tabs" aria-label="Pages">
          {pages.map(([name, title]) => (
            <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {feed.model.atMs === 0 ? (
          <p class="note">{statusText(feed.status)}</p>
        ) : (
          <Page name={page} rest={rest} />
        )}
      </main>
    </>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}

function Page({
  name,
  rest,
}: {
  readonly name: (typeof pages)[number][0];
  readonly rest: readonly string[];
}) {
  const [pool, endpoint] = rest;
  switch (name) {
    case "overview":
      return <OverviewPage />;
    case "pools":
      if (pool === undefined || endpoint === undefined) return <PoolsPage only={pool ?? null} />;
      return <EndpointPage key={`${pool}/${endpoint}`} pool={pool} name={endpoint} />;
    case "routes":
      return <RoutesPage />;
    case "map":
      return <MapPage />;
    case "diagnosis":
      return <DiagnosisPage />;
    case "events":
      return <EventsPage />;
    case "configuration":
      return <ConfigurationPage />;
    case "explain":
      return <ExplainPage />;
  }
}

/** A gate, raised, and the water that passes. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path class="mark-posts" d="M4 2v20M20 2v20" />
      <path class="mark-board" d="M7.5 3.5h9v8h-9z" />
      <path
        class="mark-water"
        d="M7 16c1.7-1.5 3.3-1.5 5 0s3.3 1.5 5 0M7 20c1.7-1.5 3.3-1.5 5 0s3.3 1.5 5 0"
      />
    </svg>
  );
}

function Vitals({ feed }: { readonly feed: Feed }) {
  const { hello, revision } = feed.model;
  return (
    <p class="vitals">
      <span class={`pulse pulse-${feed.status.kind}`} role="status">
        <i aria-hidden="true" />
        <span class={feed.status.kind === "live" ? "pulse-word" : ""}>{statusText(feed.status)}</span>
      </span>
      <span class="vital">{location.host}</span>
      {hello === null ? null : <span class="vital">version {hello.version}</span>}
      <a class="vital" href="#/configuration">
        revision {revision}
      </a>
    </p>
  );
}

function statusText(status: FeedStatus): string {
  if (status.kind === "live") return "live";
  return status.kind === "lost" ? `${status.message}; trying again` : "connecting";
}

function Controls({ feed }: { readonly feed: Feed }) {
  const [theme, setTheme] = useState(storedTheme());
  const caller = feed.model.hello?.caller;
  const forget = (): void => {
    storeToken(null);
    feed.start();
  };
  return (
    <div class="controls">
      {caller === undefined ? null : (
        <span class="caller" title={caller.mayWrite ? "may change things" : "may look, but change nothing"}>
          {caller.name}
          {caller.mayWrite ? "" : ", read only"}
        </span>
      )}
      {storedToken() === null ? null : (
        <button type="button" class="button button-quiet" onClick={forget}>
          Forget token
        </button>
      )}
      <Choice
        label="Colours"
        options={[
          ["light", "Light"],
          ["dark", "Dark"],
          ["system", "Auto"],
        ]}
        value={theme}
        onChange={(next) => {
          applyTheme(next);
          setTheme(next);
        }}
      />
    </div>
  );
}

function TokenForm({ feed, message }: { readonly feed: Feed; readonly message: string }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token === "") return;
    storeToken(token);
    feed.status = { kind: "connecting" };
    feed.start();
  };
  return (
    <main class="door">
      <Mark />
      <h1>Headgate</h1>
      <form onSubmit={submit}>
        <label for="token">Token</label>
        <input id="token" ref={field} type="password" autocomplete="off" spellcheck={false} />
        <p class="hint">
          One of <code>admin.tokens</code>. Kept in this tab until it is closed.
        </p>
        {message === "" ? null : (
          <p class="note note-bad" role="alert">
            {message}
          </p>
        )}
        <button type="submit" class="button button-main">
          Open
        </button>
      </form>
    </main>
  );
}
