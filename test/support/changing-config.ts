/** Configurations that differ from one to the next in every way a reload should bear, around a core that stays. */

export interface ChangingParts {
  /** Of the endpoints that always are there. */
  readonly endpoints: readonly string[];
  /** Comes and goes. */
  readonly visitor: string;
  readonly address: string;
  readonly workers: number;
}

/** The configuration number `index`; 0 is the plain one. */
export function changingConfig(
  { endpoints, visitor, address, workers }: ChangingParts,
  index: number,
): string {
  const has = (every: number): boolean => index % every === 1;
  const lines = [
    `listeners:`,
    `  - ${address}`,
    ...(has(5) ? [`  - 127.0.0.2:0`] : []),
    `workers: ${workers}`,
    `via: revision-${index}`,
    `pools:`,
    `  app:`,
    `    policy: ${has(7) ? "least-request" : "round-robin"}`,
    `    endpoints:`,
    ...endpoints.map((url, at) => `      - { url: "${url}", weight: ${1 + ((index + at) % 3)} }`),
    ...(has(2) ? [`      - "${visitor}"`] : []),
    ...(has(3) ? [`    health: { interval: 5s }`] : []),
    ...(has(11) ? [`    timeouts: { connect: 4s }`] : []),
    `  sockets:`,
    `    endpoints: ["${endpoints[0]}"]`,
    ...(has(4) ? [`  other: { endpoints: ["${visitor}"] }`] : []),
    `routes:`,
    `  - { name: sockets, match: { path: /ws }, pool: sockets }`,
    ...(has(2)
      ? [`  - { name: passing, match: { path: /passing-${index}/* }, respond: { status: 204 } }`]
      : []),
    ...(has(4) ? [`  - { name: other, match: { host: other.test }, pool: other }`] : []),
    `  - { name: all, pool: app }`,
    `admin: 127.0.0.1:0`,
  ];
  return `${lines.join("\n")}\n`;
}
