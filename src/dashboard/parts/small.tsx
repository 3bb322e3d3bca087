/** Small pieces that every page uses: states, meters, sparklines, notes. */
import type { ComponentChildren } from "preact";
import type { EndpointNow, EndpointState } from "../live/live-model.ts";
import { addressOf } from "./hooks.ts";

/** Shape and word, not colour alone. */
export function State({ state }: { readonly state: EndpointState }) {
  return (
    <span class={`state state-${state}`}>
      <i aria-hidden="true" />
      {state}
    </span>
  );
}

/** A share, 0 to 1, as a level. */
export function Level({ share, tone = "water" }: { readonly share: number; readonly tone?: string }) {
  return (
    <span class={`level level-${tone}`} aria-hidden="true">
      <i style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
    </span>
  );
}

interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
}

export function Sparkline({ values, label, width = 96, height = 20 }: SparklineProps) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return <span class="spark-none" aria-label={`${label}: nothing yet`} />;
  const high = Math.max(...known, 1e-9);
  const step = width / Math.max(1, values.length - 1);
  let isDrawing = false;
  const path = values
    .map((value, place) => {
      if (value === null) {
        isDrawing = false;
        return "";
      }
      const verb = isDrawing ? "L" : "M";
      isDrawing = true;
      return `${verb}${(place * step).toFixed(1)} ${(height - 1.5 - (value / high) * (height - 3)).toFixed(1)}`;
    })
    .join("");
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path d={path} />
    </svg>
  );
}

/** One board of a gate for each endpoint; proportions where there are too many. */
export function Boards({ endpoints }: { readonly endpoints: readonly EndpointNow[] }) {
  if (endpoints.length <= 48) {
    return (
      <span class="boards">
        {endpoints.map((each) => (
          <a
            key={each.name}
            class={`board board-${each.state}`}
            href={addressOf("pools", each.pool, each.name)}
            title={`${each.name}: ${each.state}`}
            aria-label={`${each.name}: ${each.state}`}
          />
        ))}
      </span>
    );
  }
  const states = ["up", "draining", "ejected", "maintenance", "down"] as const;
  const counts = states.map((state) => ({
    state,
    count: endpoints.filter((each) => each.state === state).length,
  }));
  const text = counts.filter(({ count }) => count > 0).map(({ state, count }) => `${count} ${state}`);
  return (
    <span class="boards boards-many" role="img" aria-label={text.join(", ")} title={text.join(", ")}>
      {counts.map(({ state, count }) =>
        count === 0 ? null : <i key={state} class={`board-${state}`} style={{ flexGrow: count }} />,
      )}
    </span>
  );
}

export function Section(props: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="section">
      <header class="section-head">
        <h2>{props.title}</h2>
        {props.aside === undefined ? null : <div class="aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** Says why there is nothing to see, or what went wrong. */
export function Note({
  tone = "plain",
  children,
}: {
  readonly tone?: "plain" | "bad";
  readonly children: ComponentChildren;
}) {
  return (
    <p class={`note note-${tone}`} role={tone === "bad" ? "alert" : undefined}>
      {children}
    </p>
  );
}

/** A choice of few, as buttons of which one is pressed. */
export function Choice<T extends string>(props: {
  readonly label: string;
  readonly options: readonly (readonly [T, string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}) {
  return (
    <span class="choice" role="group" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
        >
          {text}
        </button>
      ))}
    </span>
  );
}
