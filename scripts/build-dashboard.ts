/**
 * Builds the dashboard into `dist/dashboard`. With `--if-stale` only when a source is younger than what
 * stands there. The folder is swapped in whole, so that builds at the same time do each other no harm.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "src", "dashboard");
const target = join(root, "dist", "dashboard");

/** Unix ms of the youngest file below the folder. */
function youngestMs(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}

function isStale(): boolean {
  const page = join(target, "index.html");
  return !existsSync(page) || statSync(page).mtimeMs < youngestMs(source);
}

async function buildDashboard(): Promise<void> {
  const draft = join(root, "dist", `.dashboard-${process.pid}`);
  mkdirSync(join(root, "dist"), { recursive: true });
  // Loaded only here: most starts have nothing to build.
  const { build } = await import("vite");
  await build({
    root: source,
    configFile: false,
    logLevel: "warn",
    base: "./",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: draft,
      emptyOutDir: true,
      target: ["chrome123", "firefox121", "safari17.5"],
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
  });
  rmSync(target, { recursive: true, force: true });
  try {
    renameSync(draft, target);
  } catch (error) {
    // Another build of the same sources was quicker.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(join(target, "index.html"))) throw error;
  }
}

if (!process.argv.includes("--if-stale") || isStale()) {
  await buildDashboard();
  console.log("The dashboard is built.");
}
