/**
 * Keeps imports pointing one way: layers between folders, no cycles between files, system modules and
 * packages only where they belong, and the seams (clock, random) never reached around. It looks at the
 * sources themselves, type-only imports included, and first proves that it sees them.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { findImports, type ImportEdge } from "./support/import-scanner.ts";
import {
  filesBelow,
  isTest,
  isTypeScript,
  readRepositoryFile,
  repositoryRoot,
} from "./support/repository.ts";

/** From the bottom up. A folder may import any folder of a lower row, and none of its own row. */
const layers: readonly (readonly string[])[] = [
  ["core"],
  ["http1", "http2", "balancing", "routing", "config", "observability"],
  ["health", "upstream", "limits", "listener", "discovery", "nginx"],
  ["proxy", "stream"],
  ["runtime"],
  ["admin", "simulator"],
  ["index"],
  ["cli"],
];

interface Beside {
  readonly mayImport: readonly string[];
  readonly mayImportTypesOf: readonly string[];
  readonly importedBy: readonly string[];
}

/** Folders beside the rows: what they may import, and who may import them. */
const besides = new Map([
  ["platform", { mayImport: ["core"], mayImportTypesOf: [], importedBy: ["runtime", "index", "cli"] }],
  // It runs in browsers; only the shapes of what the API says come from outside.
  ["dashboard", { mayImport: [], mayImportTypesOf: ["config", "admin"], importedBy: [] }],
] as [string, Beside][]);

/** Node's modules that reach the outside world, and the only folders that may name them. */
const restrictedBuiltins = new Map<string, readonly string[]>([
  ...["tls", "dns", "worker_threads", "http2", "dgram", "child_process", "cluster"].map(
    (name): [string, string[]] => [name, ["platform"]],
  ),
  // The command reads files, and its demo backends are servers of their own.
  ["fs", ["platform", "cli"]],
  ["net", ["platform", "cli"]],
  ["http", ["platform", "cli", "admin"]],
  ["https", ["platform", "cli"]],
]);

/** Packages with one home. */
const packageHomes = new Map<string, readonly string[]>([
  ["zod", ["config"]],
  ["yaml", ["config"]],
  ["commander", ["cli"]],
]);

/** The request path is our own code: these folders import no package but the one that reads addresses. */
const requestPath = new Set(["core", "http1", "balancing", "upstream", "proxy", "stream", "listener"]);
const requestPathPackages = new Set(["ipaddr.js"]);

/** Only these may compute the name of a module they import (a user's configuration, hooks). */
const mayComputeImports = new Set(["config", "platform", "runtime", "cli"]);

/** Time and chance come through Clock and Random everywhere but here. */
const ownsTheSeams = new Set(["platform", "cli", "dashboard"]);
/** And one file, which keeps the real process alive and bounds its farewell: a Clock's timers do neither. */
const livesInRealTime = "src/runtime/load-balancer.ts";
const seamBreakers =
  /\b(?:Date\.now|performance\.now|Math\.random|process\.hrtime|setTimeout|setInterval|setImmediate)\b|\bnew Date\(\)/;

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly edges: readonly ImportEdge[];
}

const sources: readonly SourceFile[] = filesBelow("src", (path) => isTypeScript(path) && !isTest(path)).map(
  (path) => ({
    path,
    folder: folderOf(path),
    edges: findImports(readRepositoryFile(path)),
  }),
);

/** `src/http1/head.ts` is in `http1`; a file directly in `src/`, the public face, counts as `index`. */
function folderOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? (parts[1] ?? "") : "index";
}

/** The file a relative specifier names, relative to the repository. */
function targetOf(file: SourceFile, specifier: string): string {
  return posix.normalize(posix.join(dirname(file.path), specifier));
}

function rowOf(folder: string): number {
  return layers.findIndex((row) => row.includes(folder));
}

/** Why a file of folder `from` may not import one of folder `to`; null when it may. */
function layerFault(from: string, to: string, isTypeOnly = false): string | null {
  if (from === to) return null;
  const beside = besides.get(from);
  if (beside !== undefined)
    return beside.mayImport.includes(to) || (isTypeOnly && beside.mayImportTypesOf.includes(to))
      ? null
      : `${from} may import only ${beside.mayImport.join(", ") || "nothing"}`;
  const guest = besides.get(to);
  if (guest !== undefined)
    return guest.importedBy.includes(from)
      ? null
      : `${to} is for ${guest.importedBy.join(", ") || "nobody"} only`;
  if (rowOf(from) < 0 || rowOf(to) < 0) return "a folder without a layer";
  if (rowOf(from) === rowOf(to)) return `${from} and ${to} are siblings`;
  return rowOf(to) < rowOf(from) ? null : `${from} lies below ${to}`;
}

/** Every edge of every source for which `fault` gives a reason. */
function faults(fault: (file: SourceFile, edge: ImportEdge) => string | null): string[] {
  return sources.flatMap((file) =>
    file.edges.flatMap((edge) => {
      const reason = fault(file, edge);
      return reason === null
        ? []
        : [`${file.path}:${edge.line} imports ${edge.specifier ?? "a computed name"}: ${reason}`];
    }),
  );
}

function builtinName(specifier: string): string | null {
  const name = specifier.replace(/^node:/, "").split("/")[0] ?? "";
  return specifier.startsWith("node:") || builtinModules.includes(name) ? name : null;
}

function packageName(specifier: string): string | null {
  if (specifier.startsWith(".") || builtinName(specifier) !== null) return null;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

test("the scanner finds every form of import and is fooled by nothing that merely looks like one", () => {
  const sample = String.raw`#!/usr/bin/env node
    import "./side-effect.ts";
    import fallback, { type A, b as c } from "./mixed.ts";
    import type { D } from './type-only.ts';
    import * as everything from "./star.ts";
    export * from "./re-star.ts";
    export * as named from "./re-named.ts";
    export { x,
      y } from "./re-list.ts";
    export type { T } from "./re-type.ts";
    type Inline = import("./inline-type.ts").Thing;
    const later = await import("./dynamic.ts");
    const chosen = await import(later.name);
    export { x };
    export const from = "./not-an-import.ts";
    // import "./comment.ts"
    /* export * from "./block.ts" */
    const text = 'import "./string.ts"' + "import './string2.ts'";
    const pattern = /["'/]import "x"/.test(text) || a / b / c;
    const nested = ${"`"}import "./template.ts" ${"${"} { a: ${"`"}${"${"}import("./in-template.ts")}${"`"} }.a } "./tail.ts"${"`"};
    import.meta.url; thing.import("./method.ts");
    export { z } from "./last.ts";`;
  const found = findImports(sample).map((edge) =>
    `${edge.line} ${edge.specifier} ${edge.isTypeOnly ? "type" : edge.isDynamic ? "dynamic" : ""}`.trim(),
  );
  assert.deepEqual(found, [
    "2 ./side-effect.ts",
    "3 ./mixed.ts",
    "4 ./type-only.ts type",
    "5 ./star.ts",
    "6 ./re-star.ts",
    "7 ./re-named.ts",
    "8 ./re-list.ts",
    "10 ./re-type.ts type",
    "11 ./inline-type.ts dynamic",
    "12 ./dynamic.ts dynamic",
    "13 null dynamic",
    "20 ./in-template.ts dynamic",
    "22 ./last.ts",
  ]);
});

test("the layer rule refuses upward, sibling and private imports", () => {
  assert.equal(layerFault("proxy", "core"), null);
  assert.equal(layerFault("cli", "platform"), null);
  assert.equal(layerFault("runtime", "runtime"), null);
  assert.match(layerFault("core", "http1") ?? "", /lies below/);
  assert.match(layerFault("http1", "routing") ?? "", /siblings/);
  assert.match(layerFault("proxy", "platform") ?? "", /only/);
  assert.match(layerFault("platform", "config") ?? "", /only core/);
  assert.equal(layerFault("dashboard", "admin", true), null);
  assert.match(layerFault("dashboard", "admin") ?? "", /nothing/);
  assert.match(layerFault("dashboard", "runtime", true) ?? "", /nothing/);
  assert.match(layerFault("core", "surprise") ?? "", /without a layer/);
});

test("the sources are really seen", () => {
  const edges = sources.flatMap((file) => file.edges);
  const folders = new Set(sources.map((file) => file.folder));
  assert.ok(sources.length >= 60, `only ${sources.length} files`);
  assert.ok(edges.length >= 2 * sources.length, `only ${edges.length} imports in ${sources.length} files`);
  assert.ok(folders.size >= 12, `only the folders ${[...folders].join(", ")}`);
  assert.ok(
    edges.some((edge) => edge.isTypeOnly),
    "no type-only import at all",
  );
  for (const file of sources) {
    // A second, cruder look must never see more than the scanner did.
    const plain = readRepositoryFile(file.path).replace(/`[^`]*`/g, "");
    const crude = plain.match(/^(?:import|export)\b[^;"'(=]*\bfrom ["']/gm)?.length ?? 0;
    assert.ok(
      file.edges.length >= crude,
      `${file.path}: ${crude} imports by eye, ${file.edges.length} by the scanner`,
    );
  }
});

test("every folder of src has a place in the layers", () => {
  const homeless = sources.filter((file) => rowOf(file.folder) < 0 && !besides.has(file.folder));
  assert.deepEqual(
    homeless.map((file) => file.path),
    [],
  );
});

test("every relative import names an existing file with its extension", () => {
  assert.deepEqual(
    faults((file, { specifier }) => {
      if (specifier === null || !specifier.startsWith(".")) return null;
      const target = targetOf(file, specifier);
      if (!target.startsWith("src/") && target !== "package.json") return "outside src";
      if (isTest(target)) return "a test";
      return existsSync(join(repositoryRoot, target)) && posix.extname(target) !== "" ? null : "no such file";
    }),
    [],
  );
});

test("imports between folders point one way", () => {
  assert.deepEqual(
    faults((file, { specifier, isTypeOnly }) => {
      const isLocal = specifier?.startsWith(".") === true && targetOf(file, specifier).startsWith("src/");
      return isLocal ? layerFault(file.folder, folderOf(targetOf(file, specifier)), isTypeOnly) : null;
    }),
    [],
  );
});

test("no file imports itself by way of others", () => {
  assert.deepEqual(findCycles(new Map(sources.map((file) => [file.path, localTargets(file)]))), []);
  assert.deepEqual(findCycles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b -> c -> b"]); // prettier-ignore
});

test("modules that reach the outside world are named only in platform", () => {
  assert.deepEqual(
    faults((file, { specifier }) => {
      const homes = restrictedBuiltins.get(builtinName(specifier ?? "") ?? "");
      return homes === undefined || homes.includes(file.folder) ? null : `only ${homes.join(", ")} may`;
    }),
    [],
  );
});

test("packages are used only where they have their home, and hardly on the request path", () => {
  assert.deepEqual(
    faults((file, { specifier }) => {
      const name = specifier === null ? null : packageName(specifier);
      if (name === null) return null;
      if (requestPath.has(file.folder) && !requestPathPackages.has(name))
        return "a package on the request path";
      const homes = packageHomes.get(name);
      return homes === undefined || homes.includes(file.folder) ? null : `only ${homes.join(", ")} may`;
    }),
    [],
  );
});

test("only a few folders import modules by a computed name", () => {
  assert.deepEqual(
    faults((file, { specifier }) =>
      specifier !== null || mayComputeImports.has(file.folder) ? null : "write the name out",
    ),
    [],
  );
});

test("time and chance come through their seams", () => {
  const breaches = sources
    .filter((file) => !ownsTheSeams.has(file.folder) && file.path !== livesInRealTime)
    .flatMap((file) =>
      withoutComments(readRepositoryFile(file.path))
        .split("\n")
        .flatMap((text, index) =>
          seamBreakers.test(text) ? [`${file.path}:${index + 1}: ${text.trim()}`] : [],
        ),
    );
  assert.deepEqual(breaches, []);
});

function localTargets(file: SourceFile): string[] {
  return file.edges.flatMap(({ specifier }) =>
    specifier?.startsWith(".") === true ? [targetOf(file, specifier)] : [],
  );
}

/** Depth-first; each cycle once, written as `a -> b -> a`. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node].join(" -> "));
    if (start >= 0 || finished.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    finished.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}

/** Blanks comments but keeps the lines. Crude about `//` inside strings, which only hides less. */
function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1");
}
