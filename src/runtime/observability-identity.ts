/** Lowers the configuration of identifiers and traces to what the proxy works with. */
import type { Config } from "../config/schema.ts";
import type { Random } from "../core/random.ts";
import { RequestIdentity } from "../proxy/request-identity.ts";

export function requestIdentity({ requestId, tracing }: Config, random: Random): RequestIdentity {
  return new RequestIdentity(
    requestId === null
      ? null
      : { headerName: requestId.header, believe: requestId.believe, isInResponse: requestId.response },
    tracing === null
      ? null
      : {
          believe: tracing.believe,
          isExported: tracing.export !== null,
          sampling: { share: tracing.share, isParentFollowed: tracing.followParent },
        },
    random,
  );
}
