/** The sources of a running balancer's pools, with what they need of this machine. */
import type { Log } from "../core/log.ts";
import { createSource } from "../discovery/create-source.ts";
import { systemClock } from "../platform/clock.ts";
import { createDnsClient } from "../platform/dns-client.ts";
import { fileSignature, watchFolders } from "../platform/file-watch.ts";
import { readBoundedTextFile } from "../platform/files.ts";
import { systemRandom } from "../platform/random.ts";
import { FileWatch } from "./file-watch.ts";
import { PoolSources, type PoolSourcesParts } from "./pool-sources.ts";

export function createPoolSources(log: Log, onNews: PoolSourcesParts["onNews"]): PoolSources {
  const parts = {
    clock: systemClock,
    random: systemRandom,
    dnsClient: createDnsClient(),
    readTextFile: readBoundedTextFile,
    watchFile,
  };
  return new PoolSources({
    clock: systemClock,
    log,
    createSource: (config) => createSource(config, parts),
    onNews,
  });
}

function watchFile(path: string, onChanged: () => void): () => void {
  const watch = new FileWatch({ clock: systemClock, watchFolders, fileSignature, onChanged });
  watch.watch([path]);
  return () => watch.close();
}
