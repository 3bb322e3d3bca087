/**
 * Writes run-time edits of endpoints into the files they drifted from, comments and layout kept. Refuses
 * whatever it cannot write without guessing.
 */
import { editEndpoints, type EndpointEdit } from "../config/edit-endpoints.ts";
import type { Reloader } from "./reloader.ts";
import type { EndpointDrift } from "./drift.ts";

export interface PersistParts {
  readonly reloader: Reloader;
  readTextFile(path: string): string;
  /** Replaces the file whole or not at all. */
  writeTextFile(path: string, text: string): void;
}

/** Why nothing was written, in a sentence. */
export class PersistError extends Error {
  override readonly name = "PersistError";
}

export interface Persisted {
  /** Those that were written. */
  readonly files: readonly string[];
  /** What the files say now, `pool/endpoint` each. */
  readonly endpoints: readonly string[];
  /** Edits of endpoints that a source found: the file has no line for them, so they go on at run time only. */
  readonly left: readonly string[];
}

/** Throws a PersistError. Nothing is written unless every edit can be. */
export async function persistDrift(parts: PersistParts): Promise<Persisted> {
  const { reloader } = parts;
  const drift = reloader.drift().endpoints;
  const endpoints = drift?.filter(({ endpoint }) => endpoint.isFound !== true) ?? null;
  const left = (drift ?? []).filter(({ endpoint }) => endpoint.isFound === true).map(endpointText);
  if (endpoints === null) {
    throw new PersistError("the configuration was replaced as a whole; write it to the file yourself");
  }
  const texts = new Map(
    [...Map.groupBy(endpoints, (edit) => fileOf(edit, reloader))].map(([file, edits]) => [
      file,
      editedText(file, edits, parts),
    ]),
  );
  for (const [file, text] of texts) parts.writeTextFile(file, text);
  const files = [...texts.keys()];
  if (files.length > 0) await readAgain(reloader, files);
  return { files, endpoints: endpoints.map(endpointText), left };
}

function editedText(file: string, edits: readonly EndpointDrift[], { readTextFile }: PersistParts): string {
  const edited = editEndpoints(readTextFile(file), edits.map(editOf));
  if ("problem" in edited) throw new PersistError(`${file}: ${edited.problem}`);
  return edited.text;
}

async function readAgain(reloader: Reloader, files: readonly string[]): Promise<void> {
  const outcome = await reloader.reload({ origin: { way: "api", by: null, note: "persisted" } });
  if (outcome.kind === "refused")
    throw new PersistError(`${files.join(" and ")}: written, but not read again: ${outcome.reason}`);
}

function endpointText({ pool, endpoint }: EndpointDrift): string {
  return `${pool}/${endpoint.name}`;
}

/** The file in which the endpoint's pool stands. */
function fileOf({ pool }: EndpointDrift, reloader: Reloader): string {
  const { origin } = reloader.loaded;
  const place = origin.locate(["pools", pool, "endpoints"], "key") ?? origin.locate(["pools", pool], "key");
  if (place === null || !/\.(?:ya?ml|json)$/.test(place.source)) {
    throw new PersistError(`pool ${pool} does not stand in a YAML or JSON file`);
  }
  return place.source;
}

function editOf(edit: EndpointDrift): EndpointEdit {
  const { kind, pool, endpoint } = edit;
  const { name, url } = endpoint;
  if (kind === "removed") return { kind, pool, name, url };
  return { kind, pool, name, url, fields: kind === "added" ? endpoint : edit.fields };
}
