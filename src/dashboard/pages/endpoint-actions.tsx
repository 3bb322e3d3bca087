/** What an operator can do with an endpoint; each says beforehand what becomes of its traffic. */
import { useState } from "preact/hooks";
import { endpointPath, send } from "../api/client.ts";
import type { EndpointNow, PoolNow } from "../live/live-model.ts";
import { Confirm, type Confirmation } from "../parts/confirm.tsx";
import { percent, plural, rate } from "../parts/format.ts";

interface ActionsProps {
  readonly pool: PoolNow;
  readonly endpoint: EndpointNow;
  readonly mayWrite: boolean;
}

export function EndpointActions({ pool, endpoint, mayWrite }: ActionsProps) {
  const [asked, setAsked] = useState<Confirmation | null>(null);
  const [weight, setWeight] = useState<string | null>(null);
  if (!mayWrite) return <p class="hint">This token may look, but change nothing.</p>;
  const shown = weight ?? String(endpoint.configuredWeight);
  const wanted = /^\d{1,5}$/.test(shown) && Number(shown) <= 65_535 ? Number(shown) : null;
  return (
    <div class="actions">
      {endpoint.setTo === "ready" ? null : (
        <button type="button" class="button button-main" onClick={() => setAsked(ready(pool, endpoint))}>
          Ready
        </button>
      )}
      {endpoint.setTo === "draining" ? null : (
        <button type="button" class="button" onClick={() => setAsked(drain(pool, endpoint))}>
          Drain
        </button>
      )}
      {endpoint.setTo === "maintenance" ? null : (
        <button type="button" class="button" onClick={() => setAsked(maintenance(pool, endpoint))}>
          Maintenance
        </button>
      )}
      <form
        class="weight"
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted !== null) setAsked(reweigh(pool, endpoint, wanted));
        }}
      >
        <label for="weight">Weight</label>
        <input
          id="weight"
          inputMode="numeric"
          value={shown}
          aria-invalid={wanted === null}
          onInput={(event) => setWeight(event.currentTarget.value)}
        />
        <button
          type="submit"
          class="button"
          disabled={wanted === null || wanted === endpoint.configuredWeight}
        >
          Set
        </button>
      </form>
      <Confirm
        asked={asked}
        onClose={() => {
          setAsked(null);
          setWeight(null);
        }}
      />
    </div>
  );
}

function drain(pool: PoolNow, endpoint: EndpointNow): Confirmation {
  return {
    title: `Drain ${endpoint.name}?`,
    effect: (
      <>
        <p>
          It takes no new clients and finishes what it has: {plural(endpoint.active, "request")} in flight
          now. Clients bound to it by a cookie stay until they are done.
        </p>
        <p>{whereItGoes(pool, endpoint)}</p>
      </>
    ),
    warning: lastOne(pool, endpoint),
    verb: "Drain",
    isGrave: lastOne(pool, endpoint) !== null,
    run: () => send(`${endpointPath(pool.name, endpoint.name)}/drain`, { method: "POST", json: {} }),
  };
}

function maintenance(pool: PoolNow, endpoint: EndpointNow): Confirmation {
  return {
    title: `Put ${endpoint.name} into maintenance?`,
    effect: (
      <>
        <p>
          It gets nothing new at all, not even requests bound to it by a cookie, and is no longer probed.{" "}
          {plural(endpoint.active, "request")} in flight may finish.
        </p>
        <p>{whereItGoes(pool, endpoint)}</p>
      </>
    ),
    warning: lastOne(pool, endpoint),
    verb: "Put into maintenance",
    isGrave: true,
    run: () => send(`${endpointPath(pool.name, endpoint.name)}/maintenance`, { method: "POST" }),
  };
}

function ready(pool: PoolNow, endpoint: EndpointNow): Confirmation {
  const others = othersOf(pool, endpoint);
  const weight = others.reduce((sum, each) => sum + each.weight, 0) + endpoint.configuredWeight;
  return {
    title: `Put ${endpoint.name} back into service?`,
    effect: (
      <p>
        It takes traffic again as soon as {pool.hasProbes ? "its probes succeed" : "this is done"}; by weight
        that is {percent(weight === 0 ? 0 : endpoint.configuredWeight / weight)} of {pool.name}.
      </p>
    ),
    verb: "Put back",
    run: () => send(`${endpointPath(pool.name, endpoint.name)}/ready`, { method: "POST" }),
  };
}

function reweigh(pool: PoolNow, endpoint: EndpointNow, weight: number): Confirmation {
  const others = othersOf(pool, endpoint).reduce((sum, each) => sum + each.weight, 0);
  const shareOf = (own: number): string => percent(own + others === 0 ? 0 : own / (own + others));
  return {
    title: `Set the weight of ${endpoint.name} to ${weight}?`,
    effect: (
      <p>
        {weight === 0
          ? "With weight 0 it takes no new traffic."
          : `By weight its part of ${pool.name} goes from ${shareOf(endpoint.configuredWeight)} to ${shareOf(weight)}, where the policy goes by weights.`}
      </p>
    ),
    warning: weight === 0 ? lastOne(pool, endpoint) : null,
    verb: "Set weight",
    run: () => send(`${endpointPath(pool.name, endpoint.name)}/weight`, { method: "PUT", json: { weight } }),
  };
}

function othersOf(pool: PoolNow, endpoint: EndpointNow): readonly EndpointNow[] {
  return pool.endpoints.filter((each) => each !== endpoint && each.isEligible);
}

function whereItGoes(pool: PoolNow, endpoint: EndpointNow): string {
  const others = othersOf(pool, endpoint);
  const flow = `${rate(endpoint.requests.rate)} requests/s`;
  if (others.length === 0) return `Its ${flow} have nowhere to go.`;
  const each = endpoint.requests.rate / others.length;
  return `Its ${flow} go to ${plural(others.length, "other")} that ${others.length === 1 ? "is" : "are"} eligible, about ${rate(each)} more for each.`;
}

function lastOne(pool: PoolNow, endpoint: EndpointNow): string | null {
  if (othersOf(pool, endpoint).length > 0) return null;
  return `No other endpoint of ${pool.name} is eligible: its requests will be answered with 503.`;
}
