/**
 * Keeps the tree readable: every source says what it owns, none grows into a monster, and no document
 * names a file or an identifier that does not exist (a stale document is the commonest fault of a good
 * code base).
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import {
  filesBelow,
  isTest,
  isTypeScript,
  readRepositoryFile,
  repositoryRoot,
} from "./support/repository.ts";

const linesMax = 400;
/** Longer on purpose, with the reason; a file that shrinks below the limit leaves this list. */
const longerMax: Readonly<Record<string, number>> = {
  // One state machine each, which reads best in one piece; their parts already stand in files of their own.
  "src/proxy/http1-server-connection.ts": 452,
  "src/upstream/http1-connection.ts": 430,
  // Cases, one after the other.
  "test/scenario/admin-api.test.ts": 530,
};
/** What makes objects for every connection or exchange. */
const servingCode =
  /^src\/(?:(?:http1|http2|listener|proxy|stream|upstream)\/|platform\/(?:native|serial|socket|turn)-)/;
/**
 * V8 takes `this.#done = () => …` and the like for the making of a class and allocates the function in the old
 * generation, from where it keeps what it closes over until the next full collection. A field's initial value,
 * a constant, an argument and a literal's property are all right.
 */
const functionIntoProperty =
  /^.*[\w)\]!]\.#?\w+ (?:\?\?|\|\||&&)?=\s+(?:async )?(?:function\b|(?:\([^()]*\)|\w+)(?:: [^=\n]+)? =>).*/gm;
const codeFolders = ["src", "test", "bench", "scripts", "examples"];

const code = codeFolders.flatMap((folder) => filesBelow(folder, isTypeScript));
const documents = filesBelow(".", (path) => path.endsWith(".md") && !path.startsWith("bench/peers/"));

test("the tree is really seen", () => {
  assert.ok(code.length >= 60, `only ${code.length} files of code`);
  assert.ok(documents.includes("README.md") && documents.includes("CONTRIBUTING.md"), documents.join(", "));
});

test("every source file opens with a comment that says what it owns", () => {
  const silent = code
    .filter((path) => !isTest(path))
    .filter((path) => {
      const start = readRepositoryFile(path)
        .replace(/^#!.*\n/, "")
        .trimStart();
      const comment = /^(?:\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(start)?.[0] ?? "";
      return comment.replace(/[^a-z]/gi, "").length < 20;
    });
  assert.deepEqual(silent, []);
});

test(`no file is longer than ${linesMax} lines`, () => {
  const long = code.map((path) => ({ path, lines: readRepositoryFile(path).split("\n").length - 1 }));
  assert.deepEqual(long.filter(({ path, lines }) => lines > (longerMax[path] ?? linesMax)), []); // prettier-ignore
});

test("what serves connections makes no function that is old at birth", () => {
  const served = code.filter((path) => !isTest(path) && servingCode.test(path));
  assert.ok(served.length >= 60, `only ${served.length} files serve`);
  const old = served.flatMap((path) =>
    [...readRepositoryFile(path).matchAll(functionIntoProperty)].map(([line]) => `${path}: ${line.trim()}`),
  );
  assert.deepEqual(old, []);
});

test("file names are kebab-case", () => {
  const odd = code.filter((path) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(posix.basename(path)));
  assert.deepEqual(odd, []);
});

test("documents name only files that exist", () => {
  const missing = documents.flatMap((document) =>
    [...codeSpans(document).filter(isRepositoryPath), ...links(document)]
      .filter((path) => !pathExists(document, path))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test("documents name only identifiers that exist", () => {
  const words = new Set(
    [...code, "package.json", "bin/headgate.js", "tsconfig.json"].flatMap(
      (path) => readRepositoryFile(path).match(/[\w$]+/g) ?? [],
    ),
  );
  const missing = documents
    // History may name what is gone.
    .filter((path) => path !== "CHANGELOG.md" && !path.startsWith("docs/decisions/"))
    .flatMap((document) =>
      codeSpans(document)
        .map(identifierIn)
        .filter((name) => name !== null && !words.has(name))
        .map((name) => `${document}: ${name}`),
    );
  assert.deepEqual(missing, []);
});

test("what counts as a path or an identifier in a document", () => {
  for (const span of ["src/core/clock.ts", "core/clock.ts", "docs/decisions/", "bin/headgate.js"]) {
    assert.equal(isRepositoryPath(span), true, span);
  }
  for (const span of ["src/**/*.test.ts", "text/html", "/api/*", "http://a/b.ts", "core", "npm run ci"]) {
    assert.equal(isRepositoryPath(span), false, span);
  }
  assert.equal(identifierIn("createLoadBalancer(config)"), "createLoadBalancer");
  assert.equal(identifierIn("ByteStream"), "ByteStream");
  assert.equal(identifierIn("pick()"), "pick");
  for (const span of [
    "npm",
    "X-Forwarded-For",
    "no-floating-promises",
    "headgate check",
    "Host",
    "ECONNRESET",
  ]) {
    assert.equal(identifierIn(span), null, span);
  }
});

/** Inline code of a document; fenced blocks are examples and are left alone. */
function codeSpans(document: string): string[] {
  const prose = readRepositoryFile(document).replace(/^```[\s\S]*?^```/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
}

/** Targets of relative links, without their anchors. */
function links(document: string): string[] {
  const prose = readRepositoryFile(document).replace(/^```[\s\S]*?^```/gm, "");
  return [...prose.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !link.includes(":"));
}

const roots = new Set([...codeFolders, "docs", "bin"]);
const sourceFolders = new Set(
  code.filter((path) => path.startsWith("src/")).map((path) => path.split("/")[1] ?? ""),
);

function isRepositoryPath(span: string): boolean {
  if (!/^[\w.-]+(?:\/[\w.-]+)*\/?$/.test(span) || !span.includes("/")) return false;
  const first = span.split("/")[0] ?? "";
  return roots.has(first) || (sourceFolders.has(first) && (span.endsWith(".ts") || span.endsWith("/")));
}

function pathExists(document: string, path: string): boolean {
  const from = [repositoryRoot, join(repositoryRoot, "src"), join(repositoryRoot, dirname(document))];
  return from.some((base) => existsSync(join(base, path)));
}

/** A name of the code: camelCase or PascalCase with two humps, or anything that is called. */
function identifierIn(span: string): string | null {
  const match = /^([A-Za-z_$][\w$]*)(?:\.[\w$]+)*(\(.*\))?$/.exec(span);
  const name = match?.[1];
  if (name === undefined) return null;
  return match?.[2] !== undefined || (/[a-z0-9][A-Z]/.test(name) && !name.includes("_")) ? name : null;
}
