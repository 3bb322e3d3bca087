/** What the demo prints when it is up: what to open and what to try. */
import type { BackendPlace } from "./demo-backends.ts";

export function demoText(
  { port, adminPort }: { readonly port: number; readonly adminPort: number },
  places: readonly BackendPlace[],
  pidOf: (place: BackendPlace) => number | null,
): string {
  const url = `http://localhost:${port}`;
  const adminUrl = `http://localhost:${adminPort}`;
  const last = places.at(-1);
  const rows = places.map(
    (place) => `  ${place.name}  http://localhost:${place.port}  process ${pidOf(place) ?? "?"}`,
  );
  return `
Headgate balances on ${url} over
${rows.join("\n")}

Open   ${url}         and reload: another backend answers each time
       ${adminUrl}         the dashboard: what goes where, live
       ${url}/stats   who got how much

Try    kill ${last === undefined ? "<process>" : (pidOf(last) ?? "<process>")}
         the others take over, and no request fails
       npx headgate backend --port ${last?.port ?? 0} --name ${last?.name ?? ""}
         in another terminal: it gets its share again
       wrk -c 64 -d 10 ${url}/ping
         load, while you do that
       npx headgate top --url ${adminUrl}
         the same in a terminal

Ctrl-C stops everything.
`;
}
