/** Responses of templates. */
import assert from "node:assert/strict";
import test from "node:test";
import { templateScope } from "../../test/support/template-scope.ts";
import { compileFixedResponse, fixedResponseFor, type FixedResponseSpec } from "./fixed-response.ts";

const plain: FixedResponseSpec = {
  status: 200,
  body: "hello ${client.address}\n",
  contentType: "text/plain",
  headers: {},
};

function fieldsOf(spec: FixedResponseSpec): readonly string[] {
  const fields: string[] = [];
  compileFixedResponse(spec, "respond", {
    sink: { report: (field) => void fields.push(field) },
    captures: [],
  });
  return fields;
}

function responseTo(spec: FixedResponseSpec) {
  const sink = { report: () => assert.fail("a problem") };
  return fixedResponseFor(
    compileFixedResponse(spec, "respond", { sink, captures: [] }),
    templateScope("GET http://h/x"),
  );
}

test("status, headers and body are evaluated, and empty headers are left out", () => {
  assert.deepEqual(
    responseTo({
      ...plain,
      status: 410,
      headers: { "X-Path": "${request.path}", "X-None": "${request.header.no}" },
    }),
    {
      status: 410,
      headers: [
        ["Content-Type", "text/plain"],
        ["X-Path", "/x"],
      ],
      body: "hello 192.0.2.1\n",
    },
  );
});

test("a Content-Type among the headers replaces the default", () => {
  assert.deepEqual(responseTo({ ...plain, headers: { "content-type": "application/json" } }).headers, [
    ["content-type", "application/json"],
  ]);
});

test("what no response may be is refused", () => {
  assert.deepEqual(fieldsOf({ ...plain, status: 101 }), ["respond.status"]);
  assert.deepEqual(fieldsOf({ ...plain, status: 204 }), ["respond.body"]);
  assert.deepEqual(fieldsOf({ ...plain, status: 204, body: "" }), []);
  assert.deepEqual(fieldsOf({ ...plain, headers: { "Content-Length": "1" } }), ["respond.headers"]);
  assert.deepEqual(fieldsOf({ ...plain, body: "${response.status}" }), ["respond.body"]);
});
