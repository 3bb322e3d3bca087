/** The library's public face: everything a program that embeds Headgate may import. */
export { defineConfig } from "./config/parse.ts";
export type { Config, ConfigInput } from "./config/schema.ts";
export type { Candidate, Policy, PolicyParts } from "./balancing/policy.ts";
export type { HookAnswer, HookError, HookRequest, HookResponse, Hooks } from "./core/hooks.ts";
export type { Log } from "./core/log.ts";
export type { ExchangeRecord } from "./proxy/exchange-record.ts";
export { ConfigError } from "./runtime/config-error.ts";
export { ListenError } from "./runtime/data-plane-link.ts";
export { createLoadBalancer } from "./runtime/load-balancer.ts";
export type { CloseOptions, LoadBalancer, LoadBalancerOptions } from "./runtime/load-balancer-interface.ts";
export type { BoundAddress } from "./runtime/snapshot.ts";
export type { EndpointStats, PoolStats, Stats } from "./runtime/stats.ts";
export type { ProtectionStats } from "./runtime/protections.ts";
export type { Explanation } from "./runtime/explain.ts";
export { type RequestSketch, SketchError } from "./runtime/hypothetical-request.ts";
