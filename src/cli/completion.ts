/** `headgate completion`: scripts for bash, zsh and fish, made from the verbs and options themselves. */
import { Argument, type Command } from "commander";

interface Word {
  readonly word: string;
  readonly meaning: string;
}

interface VerbWords extends Word {
  readonly options: readonly Word[];
}

const installation = `
Examples:
  bash:  headgate completion bash > ~/.local/share/bash-completion/completions/headgate
  zsh:   headgate completion zsh > "\${fpath[1]}/_headgate"
  fish:  headgate completion fish > ~/.config/fish/completions/headgate.fish`;

export function addCompletionVerb(program: Command): void {
  program
    .command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", installation)
    .action((shell: "bash" | "zsh" | "fish") => {
      const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
      console.log(scripts[shell](optionsOf(program), verbsOf(program)));
    });
}

function verbsOf(program: Command): readonly VerbWords[] {
  return program.commands.map((verb) => ({
    word: verb.name(),
    meaning: verb.description(),
    options: optionsOf(verb),
  }));
}

function optionsOf(verb: Command): readonly Word[] {
  const options = verb.options.flatMap(({ long, description }) =>
    long === null || long === undefined ? [] : [{ word: long, meaning: description }],
  );
  return [...options, { word: "--help", meaning: "print help" }];
}

function words(list: readonly Word[]): string {
  return list.map(({ word }) => word).join(" ");
}

/** Verbs and options after a dash; file names everywhere else. */
function bashScript(options: readonly Word[], verbs: readonly VerbWords[]): string {
  const cases = verbs.map((verb) => `    ${verb.word}) options="${words(verb.options)}" ;;`);
  return `# bash completion for headgate
_headgate() {
  local word="\${COMP_WORDS[COMP_CWORD]}" verb="" options="${words(options)}" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case " ${words(verbs)} " in *" \${COMP_WORDS[at]} "*) verb="\${COMP_WORDS[at]}"; break ;; esac
  done
  case "$verb" in
${cases.join("\n")}
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [[ -z "$verb" && $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W "${words(verbs)}" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _headgate headgate`;
}

function zshScript(options: readonly Word[], verbs: readonly VerbWords[]): string {
  const described = (list: readonly Word[]): string =>
    list.map(({ word, meaning }) => `'${word}:${plain(meaning).replaceAll(":", "\\:")}'`).join(" ");
  const cases = verbs.map((verb) => `    ${verb.word}) options=(${described(verb.options)}) ;;`);
  return `#compdef headgate
_headgate() {
  local -a verbs options
  verbs=(${described(verbs)})
  options=(${described(options)})
  if (( CURRENT == 2 )) && [[ "$words[2]" != -* ]]; then _describe verb verbs; return; fi
  case "$words[2]" in
${cases.join("\n")}
  esac
  if [[ "$PREFIX" == -* ]]; then _describe option options; else _files; fi
}
_headgate "$@"`;
}

function fishScript(options: readonly Word[], verbs: readonly VerbWords[]): string {
  const line = (condition: string, rest: string, meaning: string): string =>
    `complete -c headgate -n '${condition}' ${rest} -d '${plain(meaning)}'`;
  return [
    "# fish completion for headgate",
    ...verbs.map((verb) => line("__fish_use_subcommand", `-f -a ${verb.word}`, verb.meaning)),
    ...options.map(({ word, meaning }) => line("__fish_use_subcommand", `-l ${word.slice(2)}`, meaning)),
    ...verbs.flatMap((verb) =>
      verb.options.map(({ word, meaning }) =>
        line(`__fish_seen_subcommand_from ${verb.word}`, `-l ${word.slice(2)}`, meaning),
      ),
    ),
  ].join("\n");
}

/** Without what a single-quoted text cannot hold. */
function plain(text: string): string {
  return text.replaceAll("'", "’");
}
