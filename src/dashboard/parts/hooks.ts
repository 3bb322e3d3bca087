/** How components follow what lives outside them: the feed, the address, answers of the API. */
import { useEffect, useReducer, useState } from "preact/hooks";
import { messageOf } from "../api/client.ts";
import { feed, type Feed } from "../live/feed.ts";

/** Renders again with every message, once a second. */
export function useFeed(): Feed {
  const [, again] = useReducer((turn: number) => turn + 1, 0);
  useEffect(() => feed.subscribe(() => again(undefined)), []);
  return feed;
}

/** The parts of the address behind `#/`, decoded: `["pools", "app", "b1"]`. */
export function useAddress(): readonly string[] {
  const [address, setAddress] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setAddress(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return address
    .replace(/^#?\/?/, "")
    .split("/")
    .map((part) => decodeURIComponent(part));
}

export function addressOf(...parts: readonly string[]): string {
  return `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

/** What the API answered last: the value, or why there is none. */
export interface Answer<T> {
  readonly value: T | null;
  readonly error: string | null;
  again(): void;
}

/** Asks at once, when `key` changes, when told to, and every `everyMs` if given. */
export function useAnswer<T>(
  key: string,
  question: (signal: AbortSignal) => Promise<T>,
  everyMs = 0,
): Answer<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: string | null }>({
    ...{ key, value: null, error: null },
  });
  const [turn, again] = useReducer((turn: number) => turn + 1, 0);
  useEffect(() => {
    const abort = new AbortController();
    const run = (): void => {
      question(abort.signal).then(
        (value) => setState({ key, value, error: null }),
        (error: unknown) => {
          if (!abort.signal.aborted) setState((before) => ({ ...before, key, error: messageOf(error) }));
        },
      );
    };
    run();
    const timer = everyMs > 0 ? window.setInterval(run, everyMs) : 0;
    return () => {
      abort.abort();
      window.clearInterval(timer);
    };
  }, [key, turn]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : null,
    error: isCurrent ? state.error : null,
    again: () => again(undefined),
  };
}
