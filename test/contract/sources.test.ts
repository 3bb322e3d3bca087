/** The endpoint sources under the contract, each over the real thing: a file, dnsmasq, an HTTP server. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config/parse.ts";
import type { SourceConfig } from "../../src/config/schema-source.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { seededRandom } from "../../src/core/random.ts";
import { createSource } from "../../src/discovery/create-source.ts";
import type { EndpointSource } from "../../src/discovery/endpoint-source.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createDnsClient } from "../../src/platform/dns-client.ts";
import { fileSignature, watchFolders } from "../../src/platform/file-watch.ts";
import { readBoundedTextFile } from "../../src/platform/files.ts";
import { FileWatch } from "../../src/runtime/file-watch.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { missing } from "../support/peer-program.ts";
import { checkSourceContract, type SourceKind, type SourceRig } from "./source-contract.ts";

type SourceInput = NonNullable<NonNullable<ConfigInput["pools"]>[string]["source"]>;

function sourceOf(input: SourceInput): EndpointSource {
  const result = parseConfig({ pools: { app: { source: input } } });
  if ("issues" in result) throw new TypeError(result.issues.map(({ message }) => message).join("\n"));
  return createSource(result.config.pools["app"]?.source as SourceConfig, {
    clock: systemClock,
    random: seededRandom(1),
    dnsClient: createDnsClient(),
    readTextFile: readBoundedTextFile,
    watchFile(path, onChanged) {
      const watch = new FileWatch({ clock: systemClock, watchFolders, fileSignature, onChanged });
      watch.watch([path]);
      return () => watch.close();
    },
  });
}

const endpointPort = 8080;

function listOf(hosts: readonly string[]): string {
  return JSON.stringify(hosts.map((host) => `http://${host}:${endpointPort}`));
}

function namesOf(hosts: readonly string[]): readonly string[] {
  return hosts.map((host) => `${host}:${endpointPort}`);
}

const file: SourceKind = {
  name: "file",
  skip: false,
  async start(hosts, endpointsMax): Promise<SourceRig> {
    const folder = mkdtempSync(join(tmpdir(), "headgate-"));
    const path = join(folder, "endpoints.json");
    const replace = (text: string): Promise<void> => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      return Promise.resolve();
    };
    await replace(listOf(hosts));
    const source = sourceOf({ kind: "file", path, endpointsMax });
    return {
      source,
      names: namesOf,
      put: (next) => replace(listOf(next)),
      break: () => Promise.resolve(rmSync(path)),
      spoil: () => replace('["http://127.0.0.2:8080", 7]'),
      async [Symbol.asyncDispose]() {
        source.close();
        await Promise.resolve(rmSync(folder, { recursive: true }));
      },
    };
  },
};

function dnsRig(
  source: EndpointSource,
  server: DnsServer,
  more: Pick<SourceRig, "put" | "names" | "spoil">,
): SourceRig {
  return {
    source,
    ...more,
    break: () => server.stop(),
    async [Symbol.asyncDispose]() {
      source.close();
      await server.stop();
    },
  };
}

/** What DNS needs besides servers: answers soon, and gives up soon. */
const quick = { ttlMin: "100ms", ttlMax: "100ms", timeout: "2s" } as const;

const dns: SourceKind = {
  name: "dns",
  skip: missing("dnsmasq"),
  async start(hosts, endpointsMax): Promise<SourceRig> {
    const records = (next: readonly string[]) => ({ addresses: { "app.example": next } });
    const server = await startDnsServer(records(hosts));
    const source = sourceOf({
      kind: "dns",
      name: "app.example",
      port: endpointPort,
      servers: [server.address],
      endpointsMax,
      ...quick,
    });
    return dnsRig(source, server, {
      names: namesOf,
      put: (next) => server.setRecords(records(next)),
      spoil: null,
    });
  },
};

const srv: SourceKind = {
  name: "srv",
  skip: missing("dnsmasq"),
  async start(hosts, endpointsMax): Promise<SourceRig> {
    const name = "_http._tcp.app.example";
    const targets = (next: readonly string[]): [string, string][] =>
      next.map((host) => [`${host.replaceAll(".", "-")}.example`, host]);
    const records = (next: readonly string[]) => ({
      addresses: Object.fromEntries(targets(next).map(([target, host]) => [target, [host]])),
      services: { [name]: targets(next).map(([target]) => ({ target, port: endpointPort, weight: 5 })) },
    });
    const server = await startDnsServer(records(hosts));
    const source = sourceOf({ kind: "srv", name, servers: [server.address], endpointsMax, ...quick });
    return dnsRig(source, server, {
      names: namesOf,
      put: (next) => server.setRecords(records(next)),
      // A record whose port is none.
      spoil: () => server.setRecords({ services: { [name]: [{ target: "a.example", port: 0 }] } }),
    });
  },
};

const http: SourceKind = {
  name: "http",
  skip: false,
  async start(hosts, endpointsMax): Promise<SourceRig> {
    let text: string | null = listOf(hosts);
    const server: Server = createServer((request, response) => {
      if (text === null) {
        request.socket.destroy();
        return;
      }
      const etag = `"${text.length}-${text}"`;
      response.setHeader("etag", etag);
      response.statusCode = request.headers["if-none-match"] === etag ? 304 : 200;
      response.end(response.statusCode === 304 ? "" : text);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/app`;
    const source = sourceOf({ kind: "http", url, interval: "100ms", timeout: "2s", endpointsMax });
    const set = (next: string | null): Promise<void> => {
      text = next;
      return Promise.resolve();
    };
    return {
      source,
      names: namesOf,
      put: (next) => set(listOf(next)),
      break: () => set(null),
      spoil: () => set("<html>we are sorry</html>"),
      async [Symbol.asyncDispose]() {
        source.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};

for (const kind of [file, dns, srv, http]) checkSourceContract(kind);
