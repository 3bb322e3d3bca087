/** An endpoint made of an address: everything else as the configuration's defaults have it. */
import { endpointSchema, type EndpointConfig } from "../config/schema-endpoint.ts";

export interface FoundAddress {
  readonly scheme: "http" | "https" | "tcp" | "udp";
  /** Without brackets. */
  readonly address: string;
  readonly port: number;
  readonly weight?: number;
  readonly priority?: number;
}

export function foundEndpoint({ scheme, address, port, ...rest }: FoundAddress): EndpointConfig {
  const host = address.includes(":") ? `[${address}]` : address;
  return endpointSchema.parse({ url: `${scheme}://${host}:${port}`, ...rest });
}
