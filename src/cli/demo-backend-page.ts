/** What a demo backend says about itself and the request it was sent: a page for browsers, JSON for the rest. */
import type { IncomingHttpHeaders } from "node:http";

export interface AnswerFacts {
  readonly backend: string;
  readonly displayName: string;
  readonly pid: number;
  /** Requests so far, this one included and health checks left out. */
  readonly served: number;
  readonly method: string;
  readonly path: string;
  /** Address of the peer: the balancer, if there is one. */
  readonly from: string;
  readonly headers: IncomingHttpHeaders;
}

export function renderAnswer(facts: AnswerFacts, accept: string): { contentType: string; body: string } {
  if (/\btext\/html\b/i.test(accept))
    return { contentType: "text/html; charset=utf-8", body: renderPage(facts) };
  const { displayName: _, ...rest } = facts;
  return { contentType: "application/json; charset=utf-8", body: `${JSON.stringify(rest, null, 2)}\n` };
}

/** A steady colour for each name, so that switching between backends is seen at a glance. */
function hueOf(name: string): number {
  let hue = 0;
  for (const character of name) hue = (hue * 31 + (character.codePointAt(0) ?? 0) * 47) % 360;
  return hue;
}

function renderPage(facts: AnswerFacts): string {
  const rows = Object.entries(facts.headers).map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(facts.displayName)}</title>
<style>
  :root { color-scheme: light dark; --hue: ${hueOf(facts.backend)}; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
  h1 { border-left: .5rem solid hsl(var(--hue) 70% 50%); padding-left: .75rem; }
  table { border-collapse: collapse; width: 100%; font: .875rem/1.6 ui-monospace, monospace; }
  th, td { text-align: left; vertical-align: top; padding: .1rem .75rem .1rem 0; overflow-wrap: anywhere; }
  th { white-space: nowrap; font-weight: 600; }
</style>
<h1>${escapeHtml(facts.displayName)}</h1>
<p>answered <strong>${escapeHtml(facts.method)} ${escapeHtml(facts.path)}</strong>, asked by ${escapeHtml(facts.from)}.
Request number ${facts.served} of process ${facts.pid}. Reload to see who answers next.</p>
<h2>Request headers it saw</h2>
<table>
${rows.join("\n")}
</table>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
