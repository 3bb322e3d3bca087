/** A probe that only connects (and, where the endpoint is `https`, completes the TLS handshake). */
import type { Clock } from "../core/clock.ts";
import type { ByteStream, Dialer } from "../core/transport.ts";
import { failureFrom } from "./failure-causes.ts";
import { probeInTurn } from "./addresses-in-turn.ts";
import type { Probe, ProbeAttempt, ProbeResult } from "./probe.ts";

export function createTcpProbe(dialer: Dialer, clock: Clock): Probe {
  return probeInTurn(connect(dialer, clock), clock);
}

function connect(dialer: Dialer, clock: Clock): ProbeAttempt {
  return (address, target, timeoutMs, done) => {
    const startedMs = clock.nowMs();
    const finish = (
      verdict: { isOk: true; detail: string } | ({ isOk: false } & ReturnType<typeof failureFrom>),
    ): void => {
      timer.cancel();
      done({ ...verdict, latencyMs: clock.nowMs() - startedMs } satisfies ProbeResult);
    };
    const giveUp = dialer.dial(address, target.tls, {
      onConnected(stream) {
        closeQuietly(stream);
        finish({ isOk: true, detail: target.tls === null ? "connected" : "TLS established" });
      },
      onDialFailed: (code) => finish({ isOk: false, ...failureFrom(code) }),
    });
    const timer = clock.setTimer(timeoutMs, () => {
      giveUp();
      finish({ isOk: false, cause: "timeout", detail: `no connection within ${timeoutMs} ms` });
    });
    return () => {
      timer.cancel();
      giveUp();
    };
  };
}

/** An orderly close: a reset would show up in the endpoint's log at every probe. */
function closeQuietly(stream: ByteStream): void {
  stream.handler = {
    onData() {},
    onEnd() {},
    onDrain() {},
    onClosed() {},
  };
  stream.close();
}
