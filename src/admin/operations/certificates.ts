/** Certificates: which are shown, reading their files anew, and renewing or revoking those of an authority. */
import { AcmeError } from "../../core/acme.ts";
import { certificateListDocument } from "../documents/certificates.ts";
import { type AdminCall, type Operation, operation } from "../operation.ts";
import { ProblemError } from "../problem.ts";

const namePath = "/v1/certificates/{name}";

export const certificateOperations: readonly Operation[] = [
  operation({
    id: "listCertificates",
    method: "GET",
    path: "/v1/certificates",
    scope: "read",
    summary: "Certificates in use, and how those of an ACME authority are doing",
    takes: null,
    answers: "CertificateList",
    run: ({ context }) => ({ document: certificateListDocument(context.balancer) }),
  }),
  operation({
    id: "refreshCertificates",
    method: "POST",
    path: "/v1/certificates/refresh",
    scope: "write",
    summary: "Reads certificates, keys and revocation lists anew; established connections stay as they are",
    takes: null,
    answers: "CertificateList",
    async run({ context }) {
      try {
        await context.balancer.refreshCertificates();
      } catch (error) {
        throw new ProblemError(
          "unusable-certificate",
          error instanceof Error ? error.message : String(error),
        );
      }
      return { document: certificateListDocument(context.balancer) };
    },
  }),
  operation({
    id: "renewCertificate",
    method: "POST",
    path: `${namePath}/renew`,
    scope: "write",
    summary: "Asks the authority for another certificate now; the present one is shown until it comes",
    takes: null,
    answers: "CertificateList",
    run(call) {
      if (!call.context.balancer.acme.renew(nameOf(call))) throw unknownName(call);
      return { document: certificateListDocument(call.context.balancer), status: 202 };
    },
    statuses: [202],
  }),
  operation({
    id: "revokeCertificate",
    method: "POST",
    path: `${namePath}/revoke`,
    scope: "write",
    summary: "Has the authority revoke a certificate, whose key may be known to others, and asks for another",
    takes: null,
    answers: "CertificateList",
    async run(call) {
      const { balancer } = call.context;
      try {
        if (!(await balancer.acme.revoke(nameOf(call)))) throw unknownName(call);
      } catch (error) {
        throw error instanceof AcmeError ? new ProblemError("authority-refused", error.message) : error;
      }
      return { document: certificateListDocument(balancer) };
    },
  }),
];

function nameOf({ params }: AdminCall): string {
  return (params["name"] ?? "").toLowerCase();
}

function unknownName(call: AdminCall): ProblemError {
  return new ProblemError("unknown-name", `no certificate for ${nameOf(call)} comes from an authority`);
}
