/** gRPC's status codes, and the part of its protocol over HTTP/2 that a proxy must know. */

/** In the order of their numbers. */
export const grpcStatusNames = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type GrpcStatusName = (typeof grpcStatusNames)[number];

export function grpcStatusNumber(name: GrpcStatusName): number {
  return grpcStatusNames.indexOf(name);
}

/** `application/grpc`, alone or with the format of its messages. gRPC-Web is something else. */
export function isGrpcType(contentType: string): boolean {
  return /^application\/grpc(?:$|[+; ])/i.test(contentType);
}

const unitMs = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 } as const;

/** `grpc-timeout` in ms; Infinity when it is absent or not one. */
export function grpcTimeoutMs(value: string | undefined): number {
  const match = value === undefined ? null : /^([0-9]{1,8})([HMSmun])$/.exec(value);
  if (match === null) return Number.POSITIVE_INFINITY;
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}
