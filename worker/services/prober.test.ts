import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "mocha";
import { look } from "./prober.ts";

describe("a look at an instance", () => {
  let server: Server;
  let base: string;
  const asked: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      if (request.url === "/a/instances/1/health") response.writeHead(200).end("serving\n");
      else if (request.url === "/a/instances/2/health") setTimeout(() => response.writeHead(200).end(), 120);
      else if (request.url === "/a/instances/3/health") response.writeHead(302, { Location: "/a/instances/1/health" }).end();
      else if (request.url === "/a/instances/5/health") return;
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const down = { available: false, latencyMs: 0n };

  it("says whether it answers, and how fast", async () => {
    const fast = await look(`${base}/`, 1n, 5_000);
    assert.ok(fast.available && fast.latencyMs >= 1n && fast.latencyMs < 5_000n);
    assert.equal(asked.at(-1), "GET /a/instances/1/health");
    const slow = await look(base, 2n, 5_000);
    assert.ok(slow.available && slow.latencyMs >= 119n, `${slow.latencyMs} ms`);
  });

  it("counts as down what redirects, is not there, says nothing in time, or has no address", async () => {
    for (const id of [3n, 4n]) assert.deepEqual(await look(base, id, 5_000), down);
    assert.deepEqual(await look(base, 5n, 100), down);
    assert.deepEqual(await look("http://127.0.0.1:9", 1n, 2_000), down);
    for (const endpoint of [undefined, "", "ftp://127.0.0.1/", "http://user@127.0.0.1/", `${base}?x=1`]) assert.deepEqual(await look(endpoint, 1n, 2_000), down);
  });

  it("sees nothing where its worker is stopped", async () => {
    const stop = new AbortController();
    const seen = look(base, 5n, 5_000, stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(seen, /stopped/);
  });
});
