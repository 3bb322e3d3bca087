/** What a PROXY header of version 2 may tell an endpoint beside the addresses, by the name the configuration uses. */
export const proxyTlvNames = ["tls", "alpn", "authority", "crc32c"] as const;

export type ProxyTlvName = (typeof proxyTlvNames)[number];
