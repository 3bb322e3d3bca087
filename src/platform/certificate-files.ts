/** What TLS listeners need of this machine beyond sockets: watching files, a place for keys, its name. */
import { hostname } from "node:os";
import { join } from "node:path";
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
