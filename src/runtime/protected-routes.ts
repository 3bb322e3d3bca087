/** Which routes protect themselves in a way that is counted for each of them. */
import type { RouteConfig } from "../config/schema-route.ts";

/** Whether a route counts anything of its own. */
export function isProtected({ access, faults, mirror, limits }: RouteConfig): boolean {
  return access !== null || faults !== null || mirror !== null || watchesBodies(limits) || isPaced(limits);
}

export function isPaced({ requestBytesPerSecond, responseBytesPerSecond }: RouteConfig["limits"]): boolean {
  return Math.min(requestBytesPerSecond, responseBytesPerSecond) < Number.POSITIVE_INFINITY;
}

/** A route's own limit is counted; of the listener's only when it is observed here. */
export function watchesBodies({ bodyBytes, bodyMode }: RouteConfig["limits"]): boolean {
  return bodyMode === "observe" || (bodyBytes !== null && bodyBytes !== Number.POSITIVE_INFINITY);
}
