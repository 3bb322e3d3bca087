/** The keys of `headgate top`: what was typed, and what it changes in the view. */
import { topOrders, type TopView } from "./top-screen.ts";

export const firstView: TopView = {
  order: "name",
  isTroubleOnly: false,
  isPaused: false,
  isHelpShown: false,
  offset: 0,
  pool: null,
};

/** What a key was pressed amid. */
export interface KeySurroundings {
  readonly pools: readonly string[];
  readonly offsetMax: number;
  readonly pageLines: number;
}

/** `quit` and `suspend` are the caller's. */
export type KeyOutcome = TopView | "quit" | "suspend";

/** Sequences that terminals send for keys that are no characters. */
const named: Readonly<Record<string, string>> = {
  "\u001b[A": "k",
  "\u001bOA": "k",
  "\u001b[B": "j",
  "\u001bOB": "j",
  "\u001b[5~": "b",
  "\u001b[6~": " ",
  "\u001b[H": "g",
  "\u001b[F": "G",
  "\u0003": "q",
  "\u0004": "q",
};

/** Single keys in what a terminal sent at once. */
export function keysIn(input: string): readonly string[] {
  return input.match(/\u001b\[[0-9;]*[A-Za-z~]|\u001bO[A-Z]|[\s\S]/g) ?? [];
}

export function pressKey(key: string, view: TopView, surroundings: KeySurroundings): KeyOutcome {
  const { offsetMax, pageLines, pools } = surroundings;
  const scrolled = (lines: number): TopView => ({
    ...view,
    offset: Math.max(0, Math.min(offsetMax, Math.min(view.offset, offsetMax) + lines)),
  });
  switch (named[key] ?? key) {
    case "q":
      return "quit";
    case "\u001a":
      return "suspend";
    case "k":
      return scrolled(-1);
    case "j":
      return scrolled(1);
    case "b":
      return scrolled(-pageLines);
    case " ":
      return scrolled(pageLines);
    case "g":
      return { ...view, offset: 0 };
    case "G":
      return { ...view, offset: offsetMax };
    case "s":
      return { ...view, order: topOrders[(topOrders.indexOf(view.order) + 1) % topOrders.length] ?? "name" };
    case "e":
      return { ...view, isTroubleOnly: !view.isTroubleOnly, offset: 0 };
    case "f":
      return { ...view, isPaused: !view.isPaused };
    case "?":
    case "h":
      return { ...view, isHelpShown: !view.isHelpShown, offset: 0 };
    case "p": {
      const at = view.pool === null ? -1 : pools.indexOf(view.pool);
      return { ...view, pool: pools[at + 1] ?? null, offset: 0 };
    }
    default:
      return view;
  }
}
