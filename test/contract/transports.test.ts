/** Both transports keep the contract. */
import { transports } from "../support/transports.ts";
import { testTransport } from "./transport-contract.ts";

for (const transport of transports) testTransport(transport);
