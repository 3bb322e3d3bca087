/** HTTP/2's preface, frames and their sizes: RFC 9113 §3.4, §4.1 to §4.3, §6. */
import {
  ack,
  block,
  clientPreface,
  code,
  data,
  endHeaders,
  endStream,
  frame,
  get,
  getFields,
  octets,
  padded,
  ping,
  post,
  settings,
  type,
  withPriority,
} from "../support/frame-client.ts";
import { frameCases } from "../support/frame-cases.ts";

const wholeGet = block(getFields);
const unknownType = 0xbb;

frameCases("preface (§3.4)", [
  { name: "SETTINGS may be empty", frames: [get(1)], answers: [1, 200] },
  {
    name: "something else than the preface that begins like it ends the connection",
    greeting: clientPreface.replace("SM\r\n\r\n", "XX\r\n\r\n"),
    frames: [settings()],
    goAway: code.protocol,
  },
  {
    name: "another frame than SETTINGS first",
    greeting: clientPreface,
    frames: [ping()],
    goAway: code.protocol,
  },
  {
    name: "an acknowledgement of SETTINGS first",
    greeting: clientPreface,
    frames: [frame(type.settings, ack, 0)],
    goAway: code.protocol,
  },
  { name: "HEADERS first", greeting: clientPreface, frames: [get(1)], goAway: code.protocol },
]);

frameCases("frame format (§4.1)", [
  {
    name: "a frame of an unknown type is ignored",
    frames: [frame(unknownType, 255, 0, "what?"), get(1)],
    answers: [1, 200],
  },
  {
    name: "undefined flags are ignored",
    frames: [frame(type.ping, 0xfe, 0, "someping"), get(1)],
    answers: [1, 200],
  },
  {
    name: "the reserved bit of a stream's number is ignored",
    frames: [frame(type.ping, 0, 2 ** 31, "someping"), get(2 ** 31 + 1)],
    answers: [1, 200],
  },
  {
    name: "an unknown frame on an idle stream is ignored",
    frames: [frame(unknownType, 0, 7, "x"), get(1)],
    answers: [1, 200],
  },
]);

frameCases("frame size (§4.2)", [
  {
    name: "DATA of the largest size is taken",
    frames: [post(1), data(1, "x".repeat(16_384), endStream)],
    answers: [1, 200],
  },
  {
    name: "DATA beyond it ends the connection",
    frames: [post(1), data(1, "x".repeat(16_385))],
    goAway: code.frameSize,
  },
  {
    name: "HEADERS beyond it end the connection",
    frames: [get(1, [["x-long", "y".repeat(16_384)]])],
    goAway: code.frameSize,
  },
  {
    name: "an unknown frame beyond it ends the connection",
    frames: [frame(unknownType, 0, 0, "x".repeat(16_385))],
    goAway: code.frameSize,
  },
  {
    name: "PRIORITY of four octets",
    frames: [frame(type.priority, 0, 1, octets(0, 4))],
    goAway: code.frameSize,
  },
  {
    name: "RST_STREAM of three octets",
    frames: [post(1), frame(type.reset, 0, 1, octets(8, 3))],
    goAway: code.frameSize,
  },
  {
    name: "SETTINGS of three octets",
    frames: [frame(type.settings, 0, 0, octets(3, 3))],
    goAway: code.frameSize,
  },
  {
    name: "SETTINGS acknowledged with a payload",
    frames: [frame(type.settings, ack, 0, octets(3, 6))],
    goAway: code.frameSize,
  },
  { name: "PING of six octets", frames: [frame(type.ping, 0, 0, "sixoct")], goAway: code.frameSize },
  {
    name: "GOAWAY of seven octets",
    frames: [frame(type.goAway, 0, 0, octets(0, 7))],
    goAway: code.frameSize,
  },
  {
    name: "WINDOW_UPDATE of three octets",
    frames: [frame(type.window, 0, 0, octets(1, 3))],
    goAway: code.frameSize,
  },
  {
    name: "HEADERS too short for the priority they announce",
    frames: [frame(type.headers, endStream + endHeaders + withPriority, 1, octets(0, 3))],
    goAway: code.frameSize,
  },
]);

frameCases("frames and streams (§6)", [
  { name: "DATA on stream 0", frames: [data(0, "x")], goAway: code.protocol },
  { name: "HEADERS on stream 0", frames: [get(0)], goAway: code.protocol },
  { name: "PRIORITY on stream 0", frames: [frame(type.priority, 0, 0, octets(0, 5))], goAway: code.protocol },
  { name: "RST_STREAM on stream 0", frames: [frame(type.reset, 0, 0, octets(8, 4))], goAway: code.protocol },
  { name: "SETTINGS on stream 1", frames: [frame(type.settings, 0, 1)], goAway: code.protocol },
  { name: "PING on stream 1", frames: [frame(type.ping, 0, 1, "someping")], goAway: code.protocol },
  { name: "GOAWAY on stream 1", frames: [frame(type.goAway, 0, 1, octets(0, 8))], goAway: code.protocol },
  {
    name: "CONTINUATION on stream 0",
    frames: [frame(type.continuation, endHeaders, 0, "")],
    goAway: code.protocol,
  },
  {
    name: "PUSH_PROMISE from a client",
    frames: [frame(type.push, endHeaders, 1, octets(2, 4) + wholeGet)],
    goAway: code.protocol,
  },
]);

frameCases("padding (§6.1, §6.2)", [
  {
    name: "padding of DATA is left out of the body",
    frames: [post(1, [["content-length", "4"]]), data(1, `\x05body${"\0".repeat(5)}`, endStream + padded)],
    answers: [1, 200],
  },
  {
    name: "padding as long as the DATA",
    frames: [post(1), data(1, "\x04body", padded + endStream).replace("\x04body", "\x05body")],
    goAway: code.protocol,
  },
  {
    name: "padding of HEADERS is left out of the block",
    frames: [frame(type.headers, endStream + endHeaders + padded, 1, `\x03${wholeGet}\0\0\0`)],
    answers: [1, 200],
  },
  {
    name: "padding longer than the HEADERS",
    frames: [frame(type.headers, endStream + endHeaders + padded, 1, `\xff${wholeGet}`)],
    goAway: code.protocol,
  },
  {
    name: "padded HEADERS without the octet that says how much",
    frames: [frame(type.headers, endStream + endHeaders + padded, 1, "")],
    goAway: code.frameSize,
  },
]);

const firstPart = wholeGet.slice(0, 5);
const rest = wholeGet.slice(5);
const opened = frame(type.headers, endStream, 1, firstPart);

frameCases("header blocks in parts (§4.3, §6.10)", [
  {
    name: "CONTINUATION completes a block",
    frames: [opened, frame(type.continuation, endHeaders, 1, rest)],
    answers: [1, 200],
  },
  {
    name: "several of them complete it",
    frames: [
      opened,
      ...[...rest].slice(0, 5).map((octet) => frame(type.continuation, 0, 1, octet)),
      frame(type.continuation, endHeaders, 1, rest.slice(5)),
    ],
    answers: [1, 200],
  },
  {
    name: "an empty last one completes it",
    frames: [frame(type.headers, endStream, 1, wholeGet), frame(type.continuation, endHeaders, 1)],
    answers: [1, 200],
  },
  {
    name: "nothing may come between: PRIORITY",
    frames: [opened, frame(type.priority, 0, 1, octets(0, 5))],
    goAway: code.protocol,
  },
  { name: "nothing may come between: DATA", frames: [opened, data(1, "x")], goAway: code.protocol },
  {
    name: "nothing may come between: an unknown frame",
    frames: [opened, frame(unknownType, 0, 0, "x")],
    goAway: code.protocol,
  },
  {
    name: "nothing may come between: HEADERS of another stream",
    frames: [opened, get(3)],
    goAway: code.protocol,
  },
  {
    name: "CONTINUATION of another stream",
    frames: [opened, frame(type.continuation, endHeaders, 3, rest)],
    goAway: code.protocol,
  },
  {
    name: "CONTINUATION after a whole block",
    frames: [post(1), frame(type.continuation, endHeaders, 1, "")],
    goAway: code.protocol,
  },
  {
    name: "CONTINUATION out of nothing",
    frames: [frame(type.continuation, endHeaders, 1, wholeGet)],
    goAway: code.protocol,
  },
]);

frameCases("priorities of old are ignored (§5.3, §6.3)", [
  {
    name: "PRIORITY on an idle stream",
    frames: [frame(type.priority, 0, 9, octets(3, 4) + "\x10"), get(1)],
    answers: [1, 200],
  },
  {
    name: "HEADERS with a priority",
    frames: [frame(type.headers, endStream + endHeaders + withPriority, 1, `${octets(0, 4)}\x0f${wholeGet}`)],
    answers: [1, 200],
  },
  {
    name: "a stream that depends on itself",
    frames: [frame(type.headers, endStream + endHeaders + withPriority, 1, `${octets(1, 4)}\x0f${wholeGet}`)],
    answers: [1, 200],
  },
]);
