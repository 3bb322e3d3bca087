/** The worker thread's program: one data plane that does what the main thread's messages say. */
import type { Log, LogFields, LogLevel } from "../core/log.ts";
import { systemClock } from "../platform/clock.ts";
import { LoopMeter } from "../platform/loop-meter.ts";
import { systemRandom } from "../platform/random.ts";
import { SocketHandover } from "../platform/socket-handover.ts";
import { createTransport } from "../platform/transport.ts";
import { ownWorkerPort } from "../platform/worker-thread.ts";
import { DataPlane } from "./data-plane.ts";
import { ObservabilityRecorder } from "./observability-recorder.ts";
import { ListenError } from "./data-plane-link.ts";
import type { Snapshot } from "./snapshot.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

const port = ownWorkerPort((message) => receive(message as ToWorker));
const start = port.data as WorkerStart;

function post(message: FromWorker): void {
  port.post(message);
}

function logAt(level: LogLevel): (message: string, fields?: LogFields) => void {
  return (message, fields = {}) => post({ kind: "log", level, message, fields });
}

const log: Log = {
  isDebug: start.isDebug,
  debug: start.isDebug ? logAt("debug") : () => {},
  info: logAt("info"),
  warn: logAt("warn"),
  error: logAt("error"),
};

const transport = createTransport();
const handover = new SocketHandover(transport.acceptor, start.inherited);

const dataPlane = new DataPlane({
  clock: systemClock,
  random: systemRandom,
  ...transport,
  acceptor: handover,
  log,
  workerIndex: start.workerIndex,
  isPortShared: start.isPortShared,
  recorder: new ObservabilityRecorder({
    clock: systemClock,
    random: systemRandom,
    log,
    workerIndex: start.workerIndex,
    meter: new LoopMeter(),
    send: (report) => post({ kind: "observed", report }),
  }),
  onSuspect: (key) => post({ kind: "suspect", key }),
  onNameWanted: (listener, serverName) => post({ kind: "name-wanted", listener, serverName }),
});

function receive(message: ToWorker): void {
  switch (message.kind) {
    case "apply":
      void apply(message.call, message.snapshot);
      return;
    case "targets":
      dataPlane.setTargets(message.key, message.targets);
      return;
    case "close-web-sockets":
      dataPlane.closeWebSockets(message.key, message.withinMs);
      return;
    case "end-drain":
      dataPlane.endDrain(message.key);
      return;
    case "exchange-filters":
      dataPlane.setExchangeFilters(message.filters);
      return;
    case "reopen-logs":
      dataPlane.reopenLogs();
      return;
    case "terminate":
      void dataPlane.terminate().then(() => post({ kind: "drained", call: message.call }));
      return;
    case "tls":
      dataPlane.setTls(message.tls);
      return;
    case "challenges":
      void dataPlane
        .setChallenges(message.answers)
        .then(() => post({ kind: "answering", call: message.call }));
      return;
    case "hand-over":
      handover.handOver();
      return;
    case "drain":
      void dataPlane.drain(message.graceMs).then(() => post({ kind: "drained", call: message.call }));
      return;
  }
}

async function apply(call: number, snapshot: Snapshot): Promise<void> {
  try {
    const addresses = await dataPlane.apply(snapshot);
    post({ kind: "applied", call, addresses, sockets: handover.sockets });
  } catch (error) {
    if (error instanceof ListenError)
      post({ kind: "listen-failed", call, code: error.code, address: error.address });
    else post({ kind: "apply-failed", call, message: String(error) });
  }
}
