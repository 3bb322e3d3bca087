/** All rules, errors first. A test keeps this list equal to the folder. */
import { accessLogRoutes } from "./access-log-routes.ts";
import { adminExposure } from "./admin-exposure.ts";
import { alertRules } from "./alert-rules.ts";
import { anybodyVouches } from "./anybody-vouches.ts";
import { automaticCertificates } from "./automatic-certificates.ts";
import { emptyPool } from "./empty-pool.ts";
import { faultsOn } from "./faults-on.ts";
import { foreignHosts } from "./foreign-hosts.ts";
import { healthCheckMissing } from "./health-check-missing.ts";
import { idleBeyondOrigin } from "./idle-beyond-origin.ts";
import { leastAndMost } from "./least-and-most.ts";
import { listenerCertificates } from "./listener-certificates.ts";
import { listenerReferences } from "./listener-references.ts";
import { nobodyTakesTraffic } from "./nobody-takes-traffic.ts";
import { nonIdempotentRetries } from "./non-idempotent-retries.ts";
import { oneAction } from "./one-action.ts";
import { oneWayOut } from "./one-way-out.ts";
import { plainPasswords } from "./plain-passwords.ts";
import { poolReferences } from "./pool-references.ts";
import { rateLimitReferences } from "./rate-limit-references.ts";
import { probesWithProxyHeader } from "./probes-with-proxy-header.ts";
import { refusedCookies } from "./refused-cookies.ts";
import { shadowedRoutes } from "./shadowed-routes.ts";
import { somethingToServe } from "./something-to-serve.ts";
import { splitWeights } from "./split-weights.ts";
import { timeoutsOutOfOrder } from "./timeouts-out-of-order.ts";
import { streamListeners } from "./stream-listeners.ts";
import { tlsPair } from "./tls-pair.ts";
import { trustingEveryone } from "./trusting-everyone.ts";
import { unclearSource } from "./unclear-source.ts";
import { uniqueAddresses } from "./unique-addresses.ts";
import { uniqueNames } from "./unique-names.ts";
import { unreachableLimits } from "./unreachable-limits.ts";
import { unusedAuthorities } from "./unused-authorities.ts";
import { unusedEntries } from "./unused-entries.ts";
import { unusedTls } from "./unused-tls.ts";
import { unverifiedTls } from "./unverified-tls.ts";
import { weakSecrets } from "./weak-secrets.ts";
import type { Rule } from "./rule.ts";

export const rules: readonly Rule[] = [
  accessLogRoutes,
  adminExposure,
  alertRules,
  automaticCertificates,
  leastAndMost,
  listenerCertificates,
  listenerReferences,
  oneAction,
  oneWayOut,
  poolReferences,
  probesWithProxyHeader,
  rateLimitReferences,
  somethingToServe,
  splitWeights,
  streamListeners,
  tlsPair,
  uniqueAddresses,
  uniqueNames,
  weakSecrets,
  anybodyVouches,
  emptyPool,
  faultsOn,
  foreignHosts,
  healthCheckMissing,
  idleBeyondOrigin,
  nobodyTakesTraffic,
  nonIdempotentRetries,
  plainPasswords,
  refusedCookies,
  shadowedRoutes,
  timeoutsOutOfOrder,
  trustingEveryone,
  unclearSource,
  unreachableLimits,
  unusedAuthorities,
  unusedEntries,
  unusedTls,
  unverifiedTls,
];
