/** Routes in the order in which they are asked, with what they get, and those that nothing reaches. */
import { useState } from "preact/hooks";
import { ask } from "../api/client.ts";
import { count, percent, rate } from "../parts/format.ts";
import { addressOf, useAnswer, useFeed } from "../parts/hooks.ts";
import { Level, Note, Section } from "../parts/small.tsx";

const pageSize = 100;

export function RoutesPage() {
  const { model } = useFeed();
  const [filter, setFilter] = useState("");
  const list = useAnswer(`routes ${model.revision}`, (signal) => ask("RouteList", "v1/routes", { signal }));
  if (list.value === null)
    return <Note tone={list.error === null ? "plain" : "bad"}>{list.error ?? "Asking …"}</Note>;
  const { routes, ambiguities } = list.value;
  const word = filter.trim().toLowerCase();
  const found = routes.filter((route) =>
    [route.name, route.host, route.path, route.action].some((text) => text.toLowerCase().includes(word)),
  );
  const hasConditions = routes.some(({ conditions }) => conditions !== "");
  const now = new Map(model.routes.map((route) => [route.name, route]));
  const all = model.total.requests.rate;
  return (
    <>
      <div class="toolbar">
        <input
          type="search"
          placeholder="Filter by name, host, path or action"
          aria-label="Filter routes"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <span class="hint">In order of precedence: the first that fits takes the request.</span>
        <a href="#/explain">Which one would take a request?</a>
      </div>
      {ambiguities.length === 0 ? null : (
        <Section title="Worth a look">
          <ul class="lines">
            {ambiguities.map((each) => (
              <li key={each.text}>
                <span class="tag tag-warn">
                  {each.kind === "unreachable" ? "never reached" : "order decides"}
                </span>
                <span>{each.text}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section title="Routes" aside={<span>{count(found.length)}</span>}>
        <table class="table">
          <thead>
            <tr>
              <th>Route</th>
              <th>Host and path</th>
              {hasConditions ? <th class="wide">Conditions</th> : null}
              <th>Does</th>
              <th class="number">req/s</th>
              <th class="wide apart">Share of traffic</th>
              <th class="number wide">requests</th>
              <th class="number">5xx/s</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, pageSize).map((route) => {
              const traffic = now.get(route.name);
              const pool = /^pool (.+)$/.exec(route.action)?.[1];
              const flow = traffic?.requests.rate ?? 0;
              return (
                <tr key={route.name} data-route={route.name}>
                  <td class="name">{route.name}</td>
                  <td>
                    <code>{placeText(route.host, route.path)}</code>
                  </td>
                  {hasConditions ? <td class="wide">{route.conditions}</td> : null}
                  <td>
                    {pool === undefined ? (
                      route.action
                    ) : (
                      <a href={addressOf("pools", pool)}>{route.action}</a>
                    )}
                  </td>
                  <td class="number">{rate(flow)}</td>
                  <td class="wide share apart">
                    <Level share={all === 0 ? 0 : flow / all} /> {percent(all === 0 ? 0 : flow / all)}
                  </td>
                  <td class="number wide" data-number="requests">
                    {count(traffic?.requests.value ?? 0)}
                  </td>
                  <td class={(traffic?.errors.rate ?? 0) > 0 ? "number bad" : "number"}>
                    {rate(traffic?.errors.rate ?? 0)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {found.length > pageSize ? <Note>The first {pageSize} are shown; filter to see others.</Note> : null}
        {found.length === 0 ? <Note>No route fits.</Note> : null}
      </Section>
    </>
  );
}

/** Any host goes without saying. */
function placeText(host: string, path: string): string {
  return host === "*" ? path : `${host}${path === "any path" ? ", any path" : path}`;
}
