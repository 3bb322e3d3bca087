/** Keeps the live stream open, feeds the model, the events and the last five minutes, and tells the page. */
import type { LiveHello, LiveNumbers, LiveStates, LiveTopology } from "../../admin/live/live-messages.ts";
import type { AdminDocument } from "../../config/admin-documents.ts";
import { ApiError, ask, messageOf, send, storedToken } from "../api/client.ts";
import { type ServerEvent, serverEvents } from "../api/server-events.ts";
import { LiveModel } from "./live-model.ts";
import { RecentPast } from "./recent-past.ts";

export type FeedStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "token-needed"; readonly message: string }
  | { readonly kind: "lost"; readonly message: string };

/** As many as the server keeps. */
const eventsMax = 1000;
const retryMs = 2000;

export class Feed {
  model = new LiveModel();
  past = new RecentPast();
  /** Oldest first. */
  events: AdminDocument<"Event">[] = [];
  status: FeedStatus = { kind: "connecting" };
  readonly #listeners = new Set<() => void>();
  #abort = new AbortController();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins, or begins anew, as with another token. */
  start(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
        this.#become({ kind: "connecting" });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && [401, 403].includes(error.status)) {
          this.#become({ kind: "token-needed", message: error.code === "no-token" ? "" : error.message });
          return;
        }
        this.#become({ kind: "lost", message: messageOf(error) });
      }
      await new Promise((resolve) => window.setTimeout(resolve, retryMs));
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    // Asked first, so that the browser need not complain of an answer with 401.
    if (storedToken() === null && (await ask("Access", "v1/access", { signal })).needsToken) {
      throw new ApiError(401, { code: "no-token" });
    }
    const response = await send("v1/live", { signal });
    if (response.body === null) return;
    this.model = new LiveModel();
    const [{ events }, seconds] = await Promise.all([
      ask("EventList", "v1/events", { signal }),
      ask("History", "v1/history?resolution=seconds", { signal }),
    ]);
    this.events = events;
    this.past.begin(seconds);
    for await (const event of serverEvents(response.body)) this.#take(event);
  }

  #take({ event, data }: ServerEvent): void {
    const message: unknown = JSON.parse(data);
    if (event === "hello") this.model.hello = message as LiveHello;
    else if (event === "topology") this.model.setTopology(message as LiveTopology);
    else if (event === "event") this.#addEvent(message as AdminDocument<"Event">);
    else if (event === "states") {
      this.model.takeStates((message as LiveStates).states);
      this.#tell();
    } else if (event === "numbers") {
      this.model.takeNumbers(message as LiveNumbers);
      this.past.add(this.model);
      this.#become({ kind: "live" });
    }
  }

  #addEvent(event: AdminDocument<"Event">): void {
    if (event.id <= (this.events.at(-1)?.id ?? 0)) return;
    this.events = [...this.events.slice(1 - eventsMax), event];
    this.#tell();
  }

  #become(status: FeedStatus): void {
    this.status = status;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const feed = new Feed();
