/** How connections through a `tcp` listener end, and which of these ends are failures. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { connectRaw } from "../support/raw-client.ts";
import { Signal, turns } from "../support/signal.ts";
import { echo, rig } from "../support/tcp-rig.ts";
import { transports } from "../support/transports.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

function answerThenReset(socket: Socket): void {
  socket.once("data", () => {
    socket.end("the answer");
    socket.once("data", () => socket.resetAndDestroy());
  });
}

for (const isLeaving of [true, false]) {
  const what = isLeaving ? "is no failure" : "lets a client that stays go after a while";
  test(`a reset by an endpoint that has said all ${what}`, async () => {
    const clock = new VirtualClock();
    await using it = await rig([answerThenReset], { clock });
    const client = connect({ port: it.proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    const errors: unknown[] = [];
    client.on("error", (error) => void errors.push(error));
    client.write("ask");
    const [answer] = (await once(client, "data")) as [Buffer];
    await once(client, "end");
    const isReset = once(it.sockets[0]!, "close");
    client.write("more, as TLS says goodbye");
    await isReset;
    client.write("and again, which nobody takes any more");
    if (isLeaving) client.end();
    let isOver = false;
    const record = it.proxy.record().finally(() => (isOver = true));
    while (!isOver) {
      await turns(5);
      if (!isLeaving) clock.advance(1000);
    }
    const { cause, status, responseBodyBytes } = await record;
    client.destroy();
    assert.equal(String(answer), "the answer");
    assert.deepEqual(errors, []);
    assert.deepEqual([cause, status, responseBodyBytes], [null, 200, 10]);
  });
}

/** As a server that closes with the client's close_notify unread: the system makes that a reset. */
const tlsFarewell = Buffer.concat([Buffer.from([0x17, 3, 3, 0, 19]), Buffer.alloc(19, 0xaa)]);

const endedClients = [
  { what: "after its answer", answer: "the answer", last: null, cause: null },
  { what: "after TLS's farewell", answer: "the answer", last: tlsFarewell, cause: null },
  {
    what: "after the rest of its answer",
    answer: "the ",
    last: Buffer.concat([Buffer.from("answer"), tlsFarewell]),
    cause: null,
  },
  {
    what: "in the middle of its answer",
    answer: "the ",
    last: Buffer.from("ans"),
    cause: "reset-mid-body",
  },
  { what: "before it has said a word", answer: null, last: null, cause: "reset-mid-body" },
] as const;

for (const { what, answer, last, cause } of endedClients)
  for (const transport of transports)
    test(`a client has ended and its endpoint resets ${what} [${transport.name}]`, async () => {
      const endpointSawEnd = new Signal();
      await using it = await rig(
        [
          (socket) => {
            socket.once("data", () => answer !== null && socket.write(answer));
            socket.once("end", () => endpointSawEnd.notify());
          },
        ],
        { transport },
      );
      const client = await connectRaw(it.proxy.port);
      client.send("ask");
      if (answer !== null) await client.readUntil(answer);
      client.end();
      await endpointSawEnd.until("the client's end", () => it.sockets[0]?.readableEnded);
      if (last !== null) {
        it.sockets[0]!.write(last);
        await client.readUntil(last.toString("latin1"));
      }
      it.sockets[0]!.resetAndDestroy();
      assert.equal(await client.ended(), cause === null ? "fin" : "reset");
      assert.equal(client.received, (answer ?? "") + (last?.toString("latin1") ?? ""));
      const record = await it.proxy.record();
      assert.deepEqual([record.status, record.cause], [200, cause]);
    });

for (const who of ["client", "endpoint"] as const)
  test(`a reset by the ${who} is none once both have said goodbye in TLS, a failure before`, async () => {
    await using it = await rig([(socket) => void socket.on("data", () => socket.write(tlsFarewell))]);
    const goodbye = tlsFarewell.toString("latin1");
    for (const [index, last] of [goodbye, "more"].entries()) {
      const client = await connectRaw(it.proxy.port);
      client.send(last);
      await client.readUntil(goodbye);
      const gone = new Promise((resolve) => it.sockets[index]!.once("close", resolve));
      if (who === "client") client.reset();
      else it.sockets[index]!.resetAndDestroy();
      await gone;
      if (who === "endpoint") assert.equal(await client.ended(), last === goodbye ? "fin" : "reset");
      const cause = who === "client" ? "client-gone" : "reset-mid-body";
      assert.equal((await it.proxy.record(index + 1)).cause, last === goodbye ? null : cause);
    }
  });

test("an endpoint that resets resets the client, and a client that resets the endpoint", async () => {
  await using it = await rig([echo]);
  const first = await connectRaw(it.proxy.port);
  first.send("a");
  await first.readUntil("a");
  it.sockets[0]!.resetAndDestroy();
  assert.equal(await first.ended(), "reset");
  assert.equal((await it.proxy.record(1)).cause, "reset-mid-body");
  const second = await connectRaw(it.proxy.port);
  second.send("b");
  await second.readUntil("b");
  const gone = new Promise((resolve) => it.sockets[1]!.once("close", resolve));
  second.reset();
  await gone;
  assert.equal((await it.proxy.record(2)).cause, "client-gone");
});
