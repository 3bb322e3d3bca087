/**
 * Finds every module a TypeScript source names: imports, re-exports, dynamic imports and `import("…")`
 * in types. It owns a small tokenizer (comments, strings, templates and regular expressions must not
 * fool it) and knows nothing of layers.
 */

export interface ImportEdge {
  /** The text between the quotes; null when a dynamic import computes it. */
  readonly specifier: string | null;
  /** 1-based. */
  readonly line: number;
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

interface Token {
  readonly kind: "word" | "string" | "punctuation" | "other";
  readonly text: string;
  readonly line: number;
}

const word = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const numeral = /\d[\w.]*/y;
const lineComment = /\/\/[^\n]*/y;
const blockComment = /\/\*[\s\S]*?\*\//y;
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const regularExpression = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templatePart = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;

/** After these words a slash begins a regular expression, as after an operator. */
const wordsBeforeExpression = new Set(["return", "typeof", "case", "in", "of", "void", "delete", "do", "else", "throw", "new", "await", "yield"]); // prettier-ignore

export function findImports(source: string): ImportEdge[] {
  const tokens = tokenize(source);
  const edges: ImportEdge[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== "word" || tokens[at - 1]?.text === ".") continue;
    if (token.text === "import") addImport(tokens, at, edges);
    else if (token.text === "export") addReExport(tokens, at, edges);
  }
  return edges;
}

function addImport(tokens: readonly Token[], at: number, edges: ImportEdge[]): void {
  const line = tokens[at]?.line ?? 0;
  const next = tokens[at + 1];
  if (next === undefined || next.text === "." || next.text === ":") return;
  if (next.text === "(") {
    const argument = tokens[at + 2];
    const isLiteral =
      argument?.kind === "string" && (tokens[at + 3]?.text === ")" || tokens[at + 3]?.text === ",");
    edges.push({ specifier: isLiteral ? argument.text : null, line, isTypeOnly: false, isDynamic: true });
  } else if (next.kind === "string") {
    edges.push({ specifier: next.text, line, isTypeOnly: false, isDynamic: false });
  } else {
    const isTypeOnly = next.text === "type" && tokens[at + 2]?.text !== "from";
    addFrom(tokens, at + 1, line, isTypeOnly, edges);
  }
}

function addReExport(tokens: readonly Token[], at: number, edges: ImportEdge[]): void {
  const isTypeOnly = tokens[at + 1]?.text === "type";
  const first = tokens[at + (isTypeOnly ? 2 : 1)]?.text;
  if (first !== "*" && first !== "{") return;
  addFrom(tokens, at + 1, tokens[at]?.line ?? 0, isTypeOnly, edges);
}

/** Walks over an import or export clause, which holds only names, commas, braces and stars. */
function addFrom(
  tokens: readonly Token[],
  start: number,
  line: number,
  isTypeOnly: boolean,
  edges: ImportEdge[],
): void {
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (token?.text === "from" && next?.kind === "string") {
      edges.push({ specifier: next.text, line, isTypeOnly, isDynamic: false });
      return;
    }
    const isClause = token?.kind === "word" || token?.kind === "string" || /^[{},*]$/.test(token?.text ?? "");
    if (!isClause || (token?.text === "}" && next?.text !== "from")) return;
  }
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each open template substitution, how many braces deep it is. */
  const substitutions: number[] = [];
  let line = 1;
  let at = source.startsWith("#!") ? source.indexOf("\n") : 0;

  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0] ?? null;
    if (text !== null) {
      at += text.length;
      for (const character of text) if (character === "\n") line++;
    }
    return text;
  };
  const takeTemplate = (): void => {
    const startLine = line;
    const part = take(templatePart);
    if (part === null) throw new Error(`line ${startLine}: template without an end`);
    if (part.endsWith("${")) substitutions.push(0);
    tokens.push({ kind: "other", text: "`", line: startLine });
  };

  while (at < source.length) {
    const character = source[at] ?? "";
    const startLine = line;
    if (/\s/.test(character)) {
      if (character === "\n") line++;
      at++;
      continue;
    }
    if (take(lineComment) !== null || take(blockComment) !== null) continue;
    let text = take(quoted);
    if (text !== null) {
      tokens.push({ kind: "string", text: text.slice(1, -1), line: startLine });
    } else if ((text = take(word)) !== null) {
      tokens.push({ kind: "word", text, line: startLine });
    } else if ((text = take(numeral)) !== null) {
      tokens.push({ kind: "other", text, line: startLine });
    } else if (character === "`") {
      at++;
      takeTemplate();
    } else if (
      character === "/" &&
      mayBeginExpression(tokens.at(-1)) &&
      (text = take(regularExpression)) !== null
    ) {
      tokens.push({ kind: "other", text, line: startLine });
    } else {
      at++;
      const depth = substitutions.length - 1;
      if (character === "}" && substitutions[depth] === 0) {
        substitutions.pop();
        takeTemplate();
        continue;
      }
      if (depth >= 0 && character === "{") substitutions[depth] = (substitutions[depth] ?? 0) + 1;
      if (depth >= 0 && character === "}") substitutions[depth] = (substitutions[depth] ?? 0) - 1;
      tokens.push({ kind: "punctuation", text: character, line: startLine });
    }
  }
  return tokens;
}

function mayBeginExpression(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.kind === "word") return wordsBeforeExpression.has(previous.text);
  return (
    previous.kind === "punctuation" && previous.text !== ")" && previous.text !== "]" && previous.text !== "}"
  );
}
