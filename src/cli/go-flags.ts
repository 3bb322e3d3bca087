/**
 * Go's flag spelling: `-backends=…` and `-port 3030` mean `--backends=…` and `--port 3030`. Only words that
 * some verb knows as a long option are rewritten, so that short options and values stay what they are.
 */
import type { Command } from "commander";

export function rewriteGoFlags(args: readonly string[], program: Command): string[] {
  const known = longOptions(program);
  const end = args.indexOf("--");
  return args.map((arg, index) => {
    const name = /^-([a-z][a-z-]+)(?:=|$)/.exec(arg)?.[1];
    const isFlag = name !== undefined && known.has(`--${name}`) && (end === -1 || index < end);
    return isFlag ? `-${arg}` : arg;
  });
}

function longOptions(command: Command): Set<string> {
  const own = command.options.map((option) => option.long ?? "");
  return new Set(["--help", ...own, ...command.commands.flatMap((child) => [...longOptions(child)])]);
}
