/** What TLS listeners need of this machine beyond sockets: watching files, a place for keys, its name. */
import { hostname } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { UpstreamTls } from "../core/transport.ts";
import { createAcmeIssuer } from "./acme-issuer.ts";
import { fileSignature, watchFolders } from "./file-watch.ts";
import { tryOutTls } from "./tls-terminator.ts";
import { askOcsp } from "./ocsp-request.ts";
import { createPrivateStore } from "./private-store.ts";
import { dataFolder, readPrivateFile, writePrivateFile } from "./private-files.ts";

export const certificateFiles = {
  watchFolders,
  fileSignature,
  tryOut: tryOutTls,
  tryOutPool,
  askOcsp,
  createAcmeIssuer,
  openStore: (folder: string | null, name: string) =>
    createPrivateStore(folder ?? join(dataFolder(), "acme"), name),
  hostName: hostname().toLowerCase(),
  authorityStore: {
    folder: join(dataFolder(), "authority"),
    read(name: string): string | null {
      return readPrivateFile(join(this.folder, name));
    },
    write(name: string, text: string): void {
      writePrivateFile(this.folder, name, text);
    },
  },
};

/** Throws what OpenSSL says when a pool's certificates cannot be used: a dialer would find out too late. */
function tryOutPool({
  caPem,
  certificatePem,
  keyPem,
}: Pick<UpstreamTls, "caPem" | "certificatePem" | "keyPem">): void {
  createSecureContext({
    ...(caPem === null ? {} : { ca: caPem }),
    ...(certificatePem === null ? {} : { cert: certificatePem }),
    ...(keyPem === null ? {} : { key: keyPem }),
  });
}
