import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { CapacityClass, Service } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { utf8 } from "../../chain/codec/bytes.ts";
import { callToken, encodeWasmArguments } from "../../client/protocol.ts";
import { BlobStore } from "../data/store.ts";
import { serveBlobs, type BlobServer } from "../data/server.ts";
import { program } from "../sandbox/testing.ts";
import { wasmBackend } from "../sandbox/wasm-backend.ts";
import { Host } from "./host.ts";

const key = sha256(utf8("service key"));
const capacity = CapacityClass.fromPartial({ id: "cpu.x64.small", resources: { memoryBytes: 16n << 20n } });
/** Input back; "!" never ends, "#" ends with code 7, "?" traps. */
const echo = program(`(result i32)
  (local $size i32)
  (local.set $size (call $inputSize))
  (drop (call $inputRead (i32.const 0) (i32.const 0) (local.get $size)))
  (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 33)) (then (loop $ever (br $ever))))
  (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 63)) (then (unreachable)))
  (call $output (i32.const 0) (local.get $size))
  (if (result i32) (i32.eq (i32.load8_u (i32.const 0)) (i32.const 35)) (then (i32.const 7)) (else (i32.const 0)))`);

function serviceOf(change: object = {}): Service {
  return Service.fromPartial({ id: 1n, spec: { requestMeter: 10_000_000n, maxRequestSize: 100n, maxResponseSize: 50n, ...change } });
}

describe("calls of a service", function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), "dcm-host-"));
  let server: BlobServer;
  let host: Host;
  let blobs: BlobStore;
  before(async () => {
    blobs = await BlobStore.open({ directory });
    host = new Host({ backend: wasmBackend(), slots: 1, waiting: 2, log: () => undefined });
    server = await serveBlobs(blobs, { host: "127.0.0.1", port: 0, route: host.route });
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const call = (id: bigint, body: string | undefined, token = callToken(key, id), method = "POST"): Promise<Response> =>
    fetch(`${server.url}/instances/${id}`, { method, headers: token === "" ? {} : { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body }) });

  it("answers with the program's output, exit code and meter", async () => {
    host.open(1n, serviceOf(), capacity, echo, key);
    const answer = await call(1n, "hello");
    assert.deepEqual([answer.status, await answer.text(), answer.headers.get("x-dcm-exit-code")], [200, "hello", "0"]);
    assert.ok(Number(answer.headers.get("x-dcm-meter")) > 0);
    assert.equal((await call(1n, "#")).headers.get("x-dcm-exit-code"), "7");
  });

  it("tells what every machine would find from what is this machine's fault", async () => {
    host.open(1n, serviceOf(), capacity, echo, key);
    for (const [body, words] of [["!", /^out-of-fuel/], ["?", /^trap/], ["x".repeat(51), /^output-too-large/]] as const) {
      const answer = await call(1n, body);
      assert.equal(answer.status, 422);
      assert.match(await answer.text(), words);
    }
    host.open(2n, serviceOf({ arguments: utf8("no JSON") }), capacity, echo, key);
    assert.match(await (await call(2n, "a")).text(), /^invalid-module: the arguments/);
    host.open(3n, serviceOf({ arguments: encodeWasmArguments({ args: ["a"] }) }), capacity, echo, key);
    assert.equal((await call(3n, "a")).status, 200);
  });

  it("says without a token whether an instance is served, with its program or without", async () => {
    const health = async (id: bigint, method = "GET"): Promise<[number, string]> => {
      const answer = await fetch(`${server.url}/instances/${id}/health`, { method });
      return [answer.status, await answer.text()];
    };
    host.open(1n, serviceOf(), capacity, echo, key);
    assert.deepEqual(await health(1n), [200, "serving\n"]);
    assert.equal((await health(1n, "HEAD"))[0], 200);
    assert.equal((await health(1n, "POST"))[0], 405);
    assert.equal((await health(77n))[0], 404);
    host.lacksProgram(77n);
    assert.deepEqual(await health(77n), [200, "waiting for its program\n"]);
    assert.deepEqual([host.has(77n), host.ids.includes(77n)], [false, true]);
    host.open(77n, serviceOf(), capacity, echo, key);
    assert.deepEqual(await health(77n), [200, "serving\n"]);
    host.close(77n);
    host.lacksProgram(78n);
    host.close(78n);
    for (const id of [77n, 78n]) assert.equal((await health(id))[0], 404);
  });

  it("tells nobody without the token whether an instance is here", async () => {
    host.open(1n, serviceOf(), capacity, echo, key);
    const texts: string[] = [];
    for (const [id, token] of [[1n, ""], [1n, "0".repeat(64)], [1n, callToken(key, 2n)], [1n, callToken(sha256(utf8("another key")), 1n)], [9n, callToken(key, 9n)]] as const) {
      const answer = await call(id, "a", token);
      assert.equal(answer.status, 401);
      texts.push(await answer.text());
    }
    assert.equal(new Set(texts).size, 1);
  });

  it("refuses what is too large, not a POST, or too much at once", async () => {
    host.open(1n, serviceOf({ requestMeter: 2_000_000_000n }), capacity, echo, key);
    assert.equal((await call(1n, "x".repeat(101))).status, 413);
    const get = await call(1n, undefined, callToken(key, 1n), "GET");
    assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
    const [first, second, third] = await Promise.all([call(1n, "!"), call(1n, "b"), call(1n, "c")]);
    assert.deepEqual([first!.status, second!.status, third!.status].sort(), [200, 422, 429]);
  });

  it("ends with its lease: what runs is stopped, what comes is refused; blobs are served as before", async () => {
    host.open(1n, serviceOf({ requestMeter: 1_000_000_000_000n }), capacity, echo, key);
    const endless = call(1n, "!");
    await new Promise((resolve) => setTimeout(resolve, 300));
    host.close(1n);
    assert.equal((await endless).status, 503);
    assert.equal((await call(1n, "a")).status, 401);
    const digest = await blobs.put(utf8("a blob"));
    assert.equal(await (await fetch(`${server.url}/${Buffer.from(digest).toString("hex")}`)).text(), "a blob");
  });
});
