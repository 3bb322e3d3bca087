/**
 * Calls hooks of the user's and bounds them: what they throw becomes a failure with its place, promises are
 * waited for until a deadline, and only so many at once. A hook that returns no promise costs a call.
 */
import { Deadline, type Deadlines } from "../core/deadlines.ts";
import type { HookAnswer, HookResult } from "../core/hooks.ts";

export interface HookLimits {
  /** How long an exchange waits for one hook. */
  readonly timeoutMs: number;
  /** Promises of hooks that have not settled, in one worker. */
  readonly concurrencyMax: number;
}

/** What a hook said: an answer, nothing, or why it failed in a clause. */
export type HookVerdict = HookAnswer | null | { readonly failure: string };

export class HookCalls {
  /** Replaced by a reload; what is waited for stays counted. */
  limits: HookLimits = { timeoutMs: 1000, concurrencyMax: 1000 };
  readonly #deadlines: Deadlines;
  #waitingCount = 0;

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
  }

  /** Hooks that have not settled; those that nobody waits for any more are among them. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** `pending` when the verdict comes later through `resume`; otherwise `resume` is never called. */
  call(invoke: () => HookResult, resume: (verdict: HookVerdict) => void): HookVerdict | "pending" {
    const { concurrencyMax } = this.limits;
    // An overdue hook is still counted: hooks that never end must not pile up.
    if (this.#waitingCount >= concurrencyMax)
      return { failure: `${concurrencyMax} hooks are waited for already (hooks.concurrency)` };
    try {
      const result = invoke();
      if (result === undefined) return null;
      if (result instanceof Promise) {
        this.#wait(result, resume);
        return "pending";
      }
      return checked(result);
    } catch (error) {
      return { failure: placeOf(error) };
    }
  }

  #wait(promise: Promise<HookAnswer | undefined | void>, resume: (verdict: HookVerdict) => void): void {
    const { timeoutMs } = this.limits;
    let isOver = false;
    const deadline = new Deadline(this.#deadlines, () => {
      isOver = true;
      resume({ failure: `it took longer than ${timeoutMs} ms (hooks.timeout)` });
    });
    const settle = (verdict: HookVerdict): void => {
      this.#waitingCount--;
      deadline.dispose();
      if (!isOver) resume(verdict);
    };
    this.#waitingCount++;
    deadline.set(timeoutMs);
    promise.then(
      (result) => settle(result === undefined ? null : checked(result)),
      (error: unknown) => settle({ failure: placeOf(error) }),
    );
  }
}

function checked(result: HookAnswer): HookVerdict {
  return typeof result === "object" && result !== null && "status" in result
    ? result
    : { failure: "it returned what is no answer: { status, headers, body }" };
}

/** `TypeError: x is undefined (/etc/headgate/hooks.ts:12:5)`: what was thrown, and where in the user's file. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error).slice(0, 200)}`;
  const said = `${error.name}: ${error.message}`.replace(/\s+/g, " ").slice(0, 300);
  const places = [
    ...(error.stack ?? "").matchAll(/(?:file:\/\/)?(\/[^\s()?]+)(?:\?[^\s():]*)?(:\d+:\d+)\)?$/gm),
  ];
  const own = places.find(([, file = ""]) => !file.startsWith(ownFolder) && !file.includes("/node_modules/"));
  const [, file, position] = own ?? [];
  return file === undefined ? said : `${said} (${file}${position ?? ""})`;
}

/** Frames of the code around hooks are of no use to who wrote one. */
const ownFolder = decodeURIComponent(new URL(".", import.meta.url).pathname);
