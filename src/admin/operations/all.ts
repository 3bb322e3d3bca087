/** Every operation of the API, in the order of the published document. */
import type { Operation } from "../operation.ts";
import { alertOperations } from "./alerts.ts";
import { certificateOperations } from "./certificates.ts";
import { configOperations } from "./config.ts";
import { endpointOperations } from "./endpoints.ts";
import { eventOperations } from "./events.ts";
import { liveOperations } from "./live.ts";
import { observabilityOperations } from "./observability.ts";
import { statusOperations } from "./status.ts";

export const allOperations: readonly Operation[] = [
  ...statusOperations,
  ...endpointOperations,
  ...configOperations,
  ...eventOperations,
  ...observabilityOperations,
  ...liveOperations,
  ...alertOperations,
  ...certificateOperations,
];
