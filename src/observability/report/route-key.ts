/** What an exchange is grouped under where a line names no route: its method and path, without what varies. */

const segmentsMax = 4;
/** Numbers, UUIDs, hashes, anything long or mostly digits: parts that name one thing among many. */
const variable = /^(?:\d+|[0-9a-f]{8,}|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|.{33,}|(?=(?:\D*\d){4}).*)$/;

// `GET /users/42/orders?x` gives `GET /users/*/orders`.
export function routeKey(method: string, path: string): string {
  // A head that was refused has neither.
  if (method === "" && path === "") return "(no valid request)";
  const segments = path.split("/", segmentsMax + 2);
  const isCut = segments.length > segmentsMax + 1;
  const kept = segments.slice(0, segmentsMax + 1).map(withoutVariable);
  return `${method} ${kept.join("/")}${isCut ? "/…" : ""}`;
}

function withoutVariable(segment: string): string {
  if (!variable.test(segment)) return segment;
  // Files of one kind belong together.
  const extension = /\.[a-z]\w{0,4}$/.exec(segment)?.[0] ?? "";
  return `*${extension}`;
}
