/** A proxy between a client of one protocol and an endpoint of another. */
import { testCertificatePem, testKeyPem } from "./certificates.ts";
import { CertificateFolder } from "./made-certificates.ts";
import {
  isHttp2,
  isSecure,
  PeerClient,
  type PeerOrigin,
  type PeerRequest,
  type PeerResponse,
  type Protocol,
  startPeerOrigin,
} from "./protocol-peers.ts";
import { type ProxyOptions, startProxy, type TestProxy } from "./start-proxy.ts";

export interface ProtocolRig {
  readonly proxy: TestProxy;
  readonly client: PeerClient;
  readonly origins: readonly PeerOrigin[];
  [Symbol.asyncDispose](): Promise<void>;
}

export type Handler = (request: PeerRequest, response: PeerResponse, origin: PeerOrigin) => void;

/** `handlers`: one endpoint for each, asked in this order. */
export async function startBetween(
  from: Protocol,
  to: Protocol,
  handlers: readonly Handler[],
  options: Omit<ProxyOptions, "origins"> = {},
): Promise<ProtocolRig> {
  const folder = new CertificateFolder();
  const pair = folder.pair("localhost", {
    certificatePem: testCertificatePem,
    keyPem: testKeyPem,
    serialNumber: "",
  });
  const origins = await Promise.all(handlers.map((handle) => startPeerOrigin(to, handle)));
  const proxy = await startProxy({
    ...options,
    origins: origins.map(({ url }) => url),
    listener: {
      ...options.listener,
      ...(isSecure(from) ? { tls: { certificates: [pair] } } : {}),
    },
    pool: {
      ...options.pool,
      protocol: isHttp2(to) ? "h2" : "http/1.1",
      ...(isSecure(to) ? { tls: { insecure: true } } : {}),
    },
  });
  const client = new PeerClient(from, proxy.port);
  return {
    proxy,
    client,
    origins,
    async [Symbol.asyncDispose]() {
      client.close();
      try {
        await proxy.close();
      } finally {
        for (const origin of origins) await origin.close();
        folder[Symbol.dispose]();
      }
    },
  };
}
