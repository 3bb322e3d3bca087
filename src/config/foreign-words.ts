/** The words people bring from other balancers, and what they are called here. Only for suggestions. */
import { nearestWord } from "../core/nearest-word.ts";

/** Without case, hyphens and underscores. The first that is allowed at the place is suggested. */
const meanings: Readonly<Record<string, readonly string[]>> = {
  algorithm: ["policy"],
  auth: ["basicAuth"],
  backends: ["endpoints", "pools"],
  balance: ["policy"],
  bind: ["address"],
  clusters: ["pools"],
  frontends: ["listeners"],
  healthcheck: ["health"],
  host: ["url", "host"],
  and: ["all"],
  includes: ["include"],
  inter: ["interval"],
  keepalive: ["idleMax", "connections"],
  keepalivetimeout: ["idleTimeout", "keepAliveIdle"],
  lbpolicy: ["policy"],
  listen: ["address", "listeners"],
  loadbalancing: ["policy"],
  locations: ["routes"],
  maxconn: ["maxConnections"],
  maxconns: ["maxConnections"],
  method: ["policy", "method"],
  or: ["any"],
  path: ["path", "match"],
  port: ["port", "address"],
  proxynextupstream: ["retry"],
  proxypass: ["pool"],
  redirectto: ["redirect"],
  regex: ["regex"],
  return: ["respond", "redirect"],
  server: ["url", "endpoints"],
  servers: ["endpoints", "pools"],
  services: ["pools"],
  stickysessions: ["sticky"],
  target: ["pool", "url"],
  targets: ["endpoints"],
  threads: ["workers"],
  upstream: ["pool", "pools"],
  upstreams: ["endpoints", "pools"],
  uri: ["url", "path"],
  workerprocesses: ["workers"],
};

/** The key that was probably meant: a known foreign word, or the nearest spelling. */
export function meantKey(written: string, keys: readonly string[]): string | null {
  const folded = written.toLowerCase().replace(/[-_ ]/g, "");
  const same = keys.find((key) => key.toLowerCase() === folded);
  if (same !== undefined) return same;
  const meant = (Object.hasOwn(meanings, folded) ? meanings[folded]! : []).find((word) =>
    keys.includes(word),
  );
  return meant ?? nearestWord(folded, keys);
}
