import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../chain/codec/hash.ts";
import { type BlobRefused, BlobStore, BlobUnavailable, fetchBlob, nameOf, serveBlobs, type BlobServer } from "./index.ts";

const bytes = (size: number, seed = 1): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 7) & 0xff);

describe("blob store", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "dcm-blobs-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it("gives back what was put, after a restart too, and leaves no drafts", async () => {
    const store = await BlobStore.open({ directory });
    const digest = await store.put(bytes(1000));
    assert.deepEqual(digest, sha256(bytes(1000)));
    const again = await BlobStore.open({ directory });
    assert.deepEqual(await again.get(digest), bytes(1000));
    assert.equal(again.storedBytes, 1000);
    assert.deepEqual(readdirSync(join(directory, "tmp")), []);
  });

  it("removes a blob that the disk has spoiled instead of giving it", async () => {
    const store = await BlobStore.open({ directory });
    const digest = await store.put(bytes(100));
    const name = nameOf(digest);
    writeFileSync(join(directory, name.slice(0, 2), name), bytes(100, 2));
    assert.equal(await store.get(digest), undefined);
    assert.equal(store.size(digest), undefined);
  });

  it("refuses streams that are not what was announced, and keeps nothing of them", async () => {
    const store = await BlobStore.open({ directory, maxBlobBytes: 1000 });
    const put = (parts: Uint8Array[], size: number): Promise<void> => store.putStream(parts, size, sha256(bytes(100)));
    await assert.rejects(put([bytes(100, 2)], 100), (e: BlobRefused) => e.code === "wrong-digest");
    await assert.rejects(put([bytes(100), bytes(1)], 100), (e: BlobRefused) => e.code === "wrong-size");
    await assert.rejects(put([bytes(99)], 100), (e: BlobRefused) => e.code === "wrong-size");
    await assert.rejects(put([], 1001), (e: BlobRefused) => e.code === "too-large");
    assert.equal(store.storedBytes, 0);
    assert.deepEqual(readdirSync(join(directory, "tmp")), []);
    await put([bytes(100)], 100);
    assert.equal(store.storedBytes, 100);
  });

  it("evicts the least recently used, never a pinned blob, and says when there is no room", async () => {
    const store = await BlobStore.open({ directory, quotaBytes: 300 });
    const [a, b, c] = [await store.put(bytes(100, 1)), await store.put(bytes(100, 2)), await store.put(bytes(100, 3))];
    store.pin(b);
    await store.get(a);
    const d = await store.put(bytes(100, 4));
    assert.deepEqual([a, b, c, d].map((one) => store.size(one)), [100, 100, undefined, 100]);
    store.pin(a);
    store.pin(d);
    await assert.rejects(store.put(bytes(100, 5)), (e: BlobRefused) => e.code === "full");
    store.unpin(a);
    await store.put(bytes(100, 5));
    assert.equal(store.size(a), undefined);
    assert.equal(store.storedBytes, 300);
  });
});

describe("blob server and fetch", () => {
  let directory: string;
  let store: BlobStore;
  let server: BlobServer;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "dcm-blobs-"));
    store = await BlobStore.open({ directory, maxBlobBytes: 1 << 20 });
    server = await serveBlobs(store, { port: 0, host: "127.0.0.1", token: "secret", idleMs: 500 });
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  it("serves a blob whole, in ranges, by HEAD and by ETag", async () => {
    const blob = bytes(100_000);
    const name = nameOf(await store.put(blob));
    const url = `${server.url}/${name}`;
    const get = async (headers: Record<string, string>): Promise<[number, string | null, Uint8Array]> => {
      const response = await fetch(url, { headers });
      return [response.status, response.headers.get("content-range"), await response.bytes()];
    };
    assert.deepEqual(await get({}), [200, null, blob]);
    assert.deepEqual(await get({ range: "bytes=10-19" }), [206, "bytes 10-19/100000", blob.slice(10, 20)]);
    assert.deepEqual(await get({ range: "bytes=99990-" }), [206, "bytes 99990-99999/100000", blob.slice(99_990)]);
    assert.deepEqual(await get({ range: "bytes=-5" }), [206, "bytes 99995-99999/100000", blob.slice(99_995)]);
    assert.deepEqual((await get({ range: "bytes=100000-" })).slice(0, 2), [416, "bytes */100000"]);
    assert.deepEqual(await get({ range: "bytes=9-3" }), [200, null, blob]);
    assert.equal((await get({ "if-none-match": `"${name}"` }))[0], 304);
    const head = await fetch(url, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length"), head.headers.get("etag")], [200, "100000", `"${name}"`]);
  });

  it("serves an empty blob", async () => {
    const digest = await store.put(new Uint8Array(0));
    assert.equal((await fetchBlob([server.url], digest, { maxBytes: 0 })).length, 0);
  });

  it("takes a blob from whoever has the token, and only what its name says", async () => {
    const put = async (name: string, body: Uint8Array, headers: Record<string, string> = { authorization: "Bearer secret" }): Promise<number> =>
      (await fetch(`${server.url}/${name}`, { method: "PUT", body: new Uint8Array(body), headers })).status;
    const name = nameOf(sha256(bytes(50)));
    assert.equal(await put(name, bytes(50), {}), 401);
    assert.equal(await put(name, bytes(50), { authorization: "Bearer other" }), 401);
    assert.equal(await put(name, bytes(50, 2)), 422);
    assert.equal(await put(name, bytes((1 << 20) + 1)), 413);
    assert.equal(await put(name, bytes(50)), 201);
    assert.equal(await put(name, bytes(50)), 200);
    assert.deepEqual(await store.get(sha256(bytes(50))), bytes(50));
    for (const path of ["", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", name.toUpperCase(), `${name}/x`]) assert.equal((await fetch(`${server.url}/${path}`)).status, 404, path);
    assert.equal((await fetch(`${server.url}/${name}`, { method: "DELETE" })).status, 405);
  });

  it("cuts connections that send their request drop by drop", async () => {
    const socket = connect(server.port, "127.0.0.1");
    const began = performance.now();
    socket.write("GET / HTTP/1.1\r\nX-Slow: ");
    const drip = setInterval(() => socket.write("a"), 200);
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("close", resolve).resume());
    clearInterval(drip);
    assert.ok(performance.now() - began < 8_000);
  });

  it("tries the next server after one that is gone, lies, sends too much, redirects or stays silent", async () => {
    const digest = await store.put(bytes(1000));
    const liar = createServer((request, response) => {
      if (request.url?.startsWith("/lie") === true) response.end(bytes(1000, 2));
      else if (request.url?.startsWith("/flood") === true) response.end(bytes(100_000));
      else if (request.url?.startsWith("/redirect") === true) response.writeHead(302, { location: `${server.url}/${nameOf(digest)}` }).end();
    });
    await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
    const bad = ["http://127.0.0.1:1", "file:///etc/passwd", `${base}/lie`, `${base}/flood`, `${base}/redirect`, `${base}/silent`];
    const progress: number[] = [];
    const got = await fetchBlob([...bad, server.url], digest, { maxBytes: 1000, idleMs: 300, onProgress: (received) => progress.push(received) });
    assert.deepEqual(got, bytes(1000));
    assert.equal(progress.at(-1), 1000);
    await assert.rejects(fetchBlob(bad, digest, { maxBytes: 1000, idleMs: 300 }), (error: Error) => {
      assert.ok(error instanceof BlobUnavailable);
      for (const words of [/not a plain http/, /other bytes/, /100000 bytes, at most 1000/, /nothing came for 300 ms/]) assert.match(error.message, words);
      return true;
    });
    liar.closeAllConnections();
    liar.close();
  });

  it("stops at its signal", async () => {
    await assert.rejects(fetchBlob([server.url], sha256(bytes(1)), { maxBytes: 10, signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  });
});
