/** The words people bring from other balancers, and what they are called here. Only for suggestions. */
import { nearestWord } from "../core/nearest-word.ts";

/** Without case, hyphens and underscores. The first that is allowed at the place is suggested. */
const meanings: Readonly<Record<string, readonly string[]>> = {
  acmeserver: ["directory"],
  agreetos: ["agreeToTerms"],
  algorithm: ["policy"],
  and: ["all"],
  auth: ["basicAuth"],
  backends: ["endpoints", "pools"],
  balance: ["policy"],
  bind: ["address"],
  cafile: ["ca"],
  cert: ["certificate", "certificates"],
  certfile: ["certificate", "certificates"],
  ciphers: ["preset"],
  ciphersuites: ["preset"],
  clientauth: ["clientCertificates"],
  clusters: ["pools"],
  crt: ["certificate", "certificates"],
  curves: ["preset"],
  domains: ["names"],
  eab: ["externalAccount"],
  frontends: ["listeners"],
  healthcheck: ["health"],
  host: ["url", "host"],
  includes: ["include"],
  insecureskipverify: ["insecure"],
  inter: ["interval"],
  keepalive: ["idleMax", "connections"],
  keepalivetimeout: ["idleTimeout", "keepAliveIdle"],
  key: ["certificates"],
  keyfile: ["key", "certificates"],
  lbpolicy: ["policy"],
  listen: ["address", "listeners"],
  loadbalancing: ["policy"],
  locations: ["routes"],
  maxconn: ["maxConnections"],
  maxconns: ["maxConnections"],
  method: ["policy", "method"],
  mtls: ["clientCertificates"],
  or: ["any"],
  path: ["path", "match"],
  port: ["port", "address"],
  privatekey: ["key", "certificates"],
  proxynextupstream: ["retry"],
  proxypass: ["pool"],
  redirectto: ["redirect"],
  regex: ["regex"],
  return: ["respond", "redirect"],
  server: ["url", "endpoints", "directory"],
  servers: ["endpoints", "pools"],
  services: ["pools"],
  skipverify: ["insecure"],
  sni: ["serverName", "serverNames"],
  sslcertificate: ["certificate", "certificates"],
  sslcertificatekey: ["key", "certificates"],
  sslciphers: ["preset"],
  sslprotocols: ["minVersion"],
  stickysessions: ["sticky"],
  target: ["pool", "url"],
  targets: ["endpoints"],
  termsofserviceagreed: ["agreeToTerms"],
  threads: ["workers"],
  trustedca: ["ca"],
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
