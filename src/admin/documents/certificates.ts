/** Certificates in use, and how those that come from an authority are doing. */
import type { AdminDocument } from "../../config/admin-documents.ts";
import type { OperatedLoadBalancer } from "../../runtime/load-balancer-interface.ts";
import { isoTime } from "./changes.ts";

export function certificateListDocument(balancer: OperatedLoadBalancer): AdminDocument<"CertificateList"> {
  return {
    certificates: balancer.certificates.map(
      ({ listener, source, names, issuer, keyKind, notBeforeMs, notAfterMs, fingerprint }) => ({
        listener,
        source,
        names: [...names],
        issuer,
        keyKind,
        notBefore: isoTime(notBeforeMs),
        expires: isoTime(notAfterMs),
        fingerprint,
      }),
    ),
    automatic: balancer.acme.statuses.map((status) => ({
      name: status.name,
      state: status.state,
      isOrdering: status.isOrdering,
      expires: status.expiresWallMs === null ? null : isoTime(status.expiresWallMs),
      nextTry: isoTime(status.nextTryWallMs),
      failures: status.failures,
      reason: status.reason,
    })),
  };
}
