import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStream } from "../../test/support/memory-stream.ts";
import { outgoing, ResponseRecorder } from "../../test/support/response-recorder.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { Deadlines } from "../core/deadlines.ts";
import { type ConnectionOwner, Http1Connection } from "./http1-connection.ts";
import type { OutgoingRequest } from "./upstream-stream.ts";

const limits = {
  responseHeadBytesMax: 500,
  headerCountMax: 10,
  trailerBytesMax: 100,
  responseHeadTimeoutMs: 5000,
  upstreamIdleTimeoutMs: 3000,
  eventStreamIdleTimeoutMs: 3000,
};

class Stage implements ConnectionOwner {
  readonly clock = new VirtualClock();
  readonly stream = new MemoryStream();
  readonly idleTimeoutMs = 1000;
  readonly told: string[] = [];
  readonly connection: Http1Connection;

  constructor() {
    this.connection = new Http1Connection(this.stream, limits, this, new Deadlines(this.clock, 10));
  }

  /** Sends a request without a body. */
  ask(changes: Partial<OutgoingRequest> = {}): ResponseRecorder {
    const sink = new ResponseRecorder();
    this.connection.attach(sink);
    this.connection.sendHead(outgoing(changes));
    this.connection.sendEnd("");
    return sink;
  }

  onKeepAliveTold(keepAlive: string): void {
    this.told.push(`keep-alive ${keepAlive}`);
  }
  onClosedByEndpoint(): void {
    this.told.push("closed by endpoint");
  }
  onIdleExpired(): void {
    this.told.push("idle expired");
  }
  onConnectionIdle(): void {
    this.told.push("idle");
  }
  onConnectionClosed(): void {
    this.told.push("closed");
  }
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("a request goes out in one write, its response comes back, and the connection is idle again", () => {
  const stage = new Stage();
  const sink = stage.ask({ target: "/x", fieldLines: "X: y\r\n", isTrailersAccepted: true });
  assert.deepEqual(stage.stream.writes, [
    "GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\nConnection: TE\r\nTE: trailers\r\n\r\n",
  ]);
  stage.stream.receive(ok);
  assert.deepEqual(sink.events, ["head 200 length", "end"]);
  assert.equal(sink.body, "ok");
  assert.deepEqual(stage.told, ["idle"]);
  assert.equal(stage.connection.isIdle, true);
});

test("the next exchange may begin while the end of the last one is still being told", () => {
  const responses = [ok, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"];
  for (const first of responses) {
    const stage = new Stage();
    const sink = stage.ask();
    let next: ResponseRecorder | null = null;
    sink.onEnd = () => {
      next = stage.ask({ target: "/next" });
    };
    stage.stream.receive(first);
    stage.stream.receive(ok);
    assert.deepEqual((next as ResponseRecorder | null)?.events, ["head 200 length", "end"], first);
    assert.deepEqual(stage.told, ["idle", "idle"], first);
  }
});

test("what stands behind a response keeps the connection from being used again", () => {
  const responses = [
    ok,
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ];
  for (const response of responses) {
    const stage = new Stage();
    const sink = stage.ask();
    stage.stream.receive(`${response}HTTP/1.1 200 OK\r\n`);
    assert.equal(sink.events.at(-1), "end", response);
    assert.deepEqual(stage.told, ["closed"], response);
    assert.equal(stage.stream.isClosed, true, response);
  }
});

test("bytes on an idle connection close it", () => {
  const stage = new Stage();
  stage.ask();
  stage.stream.receive(ok);
  stage.stream.receive("x");
  assert.deepEqual(stage.told, ["idle", "closed"]);
});

test("a response before the request was sent in full ends the connection with it", () => {
  const stage = new Stage();
  const sink = new ResponseRecorder();
  stage.connection.attach(sink);
  stage.connection.sendHead(outgoing({ method: "POST", body: { kind: "length", bytes: 10 } }));
  stage.connection.flush();
  stage.stream.receive(ok);
  assert.deepEqual(sink.events, ["head 200 length", "end"]);
  assert.deepEqual(stage.told, ["closed"]);
});

test("a response before the kernel took the request in full ends the connection with it", () => {
  const stage = new Stage();
  stage.stream.isStuck = true;
  stage.ask();
  stage.stream.receive(ok);
  assert.deepEqual(stage.told, ["closed"]);
});

test("heads are put together from pieces", () => {
  const stage = new Stage();
  const sink = stage.ask();
  for (const octet of `HTTP/1.1 103 Hints\r\n\r\n${ok}`.split("")) stage.stream.receive(octet);
  assert.deepEqual(sink.events, ["informational 103", "head 200 length", "end"]);
  assert.equal(sink.body, "ok");
});

test("the end of the stream means what the phase makes of it", () => {
  const cases: readonly (readonly [received: string, expected: string])[] = [
    ["", "failed reset-before-head"],
    ["HTTP/1.1 2", "failed reset-before-head"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "failed reset-mid-body"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "failed reset-mid-body"],
    ["HTTP/1.1 200 OK\r\n\r\nall", "end"],
  ];
  for (const [received, expected] of cases) {
    const stage = new Stage();
    const sink = stage.ask();
    if (received !== "") stage.stream.receive(received);
    stage.stream.handler.onEnd();
    assert.equal(sink.events.at(-1), expected, received);
    assert.deepEqual(stage.told, ["closed"], received);
  }
});

test("a connection that was used before and dies at once was stale, one that answered anything was not", () => {
  for (const [received, expected] of [
    ["", "failed stale-connection"],
    ["HTTP", "failed reset-before-head"],
  ] as const) {
    const stage = new Stage();
    stage.ask();
    stage.stream.receive(ok);
    const sink = stage.ask();
    if (received !== "") stage.stream.receive(received);
    stage.stream.handler.onClosed("ECONNRESET");
    assert.deepEqual(sink.events, [expected]);
  }
});

test("a cancelled exchange hears nothing more", () => {
  const stage = new Stage();
  const sink = stage.ask();
  stage.connection.cancel();
  assert.equal(stage.stream.isClosed, true);
  stage.stream.handler.onClosed(null);
  assert.deepEqual(sink.events, []);
  assert.deepEqual(stage.told, ["closed"]);
});

test("each wait has its time", () => {
  const head = new Stage();
  const silent = head.ask();
  head.clock.advance(4900);
  assert.deepEqual(silent.events, []);
  head.clock.advance(200);
  assert.deepEqual(silent.events, ["failed head-response-timeout"]);

  const body = new Stage();
  const slow = body.ask();
  body.stream.receive("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  body.clock.advance(2900);
  body.stream.receive(".");
  body.clock.advance(2900);
  assert.deepEqual(slow.events, ["head 200 length"]);
  body.clock.advance(200);
  assert.deepEqual(slow.events, ["head 200 length", "failed response-body-timeout"]);

  const idle = new Stage();
  idle.ask();
  idle.stream.receive(ok);
  idle.clock.advance(1100);
  assert.deepEqual(idle.told, ["idle", "idle expired", "closed"]);
});

test("while its client holds it up, the response has no time to keep", () => {
  const stage = new Stage();
  const sink = stage.ask();
  stage.stream.receive("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  stage.connection.pauseResponse();
  assert.equal(stage.stream.isPaused, true);
  stage.clock.advance(60_000);
  assert.deepEqual(sink.events, ["head 200 length"]);
  stage.connection.resumeResponse();
  assert.equal(stage.stream.isPaused, false);
  stage.clock.advance(3100);
  assert.deepEqual(sink.events, ["head 200 length", "failed response-body-timeout"]);
});

test("an upgrade is believed only when it was offered", () => {
  const accepted = "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nearly";
  const refused = new Stage();
  const surprised = refused.ask();
  refused.stream.receive(accepted);
  assert.deepEqual(surprised.events, ["failed bad-response"]);

  const taken = new Stage();
  const sink = taken.ask({ upgrade: "x" });
  taken.stream.receive(accepted);
  assert.deepEqual(sink.events, ["head 101 upgrade"]);
  assert.equal(sink.body, "early");
  taken.clock.advance(60_000);
  taken.stream.handler.onEnd();
  assert.deepEqual(sink.events, ["head 101 upgrade", "end"]);
  assert.equal(taken.stream.isClosed, false);
  taken.connection.sendEnd("");
  assert.equal(taken.stream.isEnded, true);
});

test("a finished tunnel still sends what it was given, but not for ever", () => {
  const stage = new Stage();
  stage.ask({ upgrade: "x" });
  stage.stream.receive("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n");
  stage.stream.handler.onEnd();
  stage.connection.sendEnd("");
  stage.connection.finishTunnel();
  assert.equal(stage.stream.isClosed, false);
  stage.clock.advance(3100);
  assert.equal(stage.stream.isClosed, true);
});

test("what an endpoint says of its idle time is told once", () => {
  const stage = new Stage();
  const answer = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n";
  for (let i = 0; i < 3; i++) {
    stage.ask();
    stage.stream.receive(answer);
  }
  assert.deepEqual(stage.told, ["keep-alive timeout=5", "idle", "idle", "idle"]);
});

test("a response to a request that has not left yet is nobody's, and the request can go elsewhere", () => {
  const stage = new Stage();
  stage.ask();
  stage.stream.receive(ok);
  const sink = stage.ask({ target: "/next" });
  stage.stream.isWriteDue = true;
  stage.stream.receive(ok);
  assert.deepEqual(sink.events, ["failed stale-connection"]);
  assert.equal(sink.body, "");
});

test("a response may overtake the rest of a body that waits to leave", () => {
  const stage = new Stage();
  const sink = new ResponseRecorder();
  stage.connection.attach(sink);
  stage.connection.sendHead(outgoing({ body: { kind: "length", bytes: 10 } }));
  stage.stream.isWriteDue = true;
  stage.stream.receive(ok);
  assert.equal(sink.events[0], "head 200 length");
});

test("a goodbye that an endpoint does not take is waited for no longer than upstreamIdle", () => {
  const stage = new Stage();
  stage.ask();
  stage.stream.receive(ok);
  stage.stream.isLeavingSlow = true;
  stage.clock.advance(1100);
  assert.deepEqual(stage.told, ["idle", "idle expired", "closed"]);
  assert.equal(stage.stream.isClosed, false);
  stage.clock.advance(3100);
  assert.equal(stage.stream.isClosed, true);
});

test("a tunnel that was paused for the client's sake reads on to its end once it is over", () => {
  const stage = new Stage();
  stage.ask({ upgrade: "chat/1" });
  stage.stream.receive("HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n");
  stage.connection.pauseResponse();
  assert.equal(stage.stream.isPaused, true);
  stage.connection.finishTunnel();
  assert.equal(stage.stream.isPaused, false);
  stage.stream.receive("for nobody");
  stage.clock.advance(3100);
  assert.equal(stage.stream.isClosed, true);
});
