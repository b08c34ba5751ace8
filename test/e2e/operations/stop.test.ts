import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { RunningNode } from "../../../chain/node/testing.ts";
import { heightOf, ownAppHash } from "./observe.ts";
import { Single } from "./single.ts";

const stopWithinMs = 5_000;

function occupy(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, "127.0.0.1", () => resolve(server));
  });
}

describe("dcmd start", function () {
  this.timeout(120_000);
  let folder: string;
  let single: Single;
  let node: RunningNode | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-stop-"));
    single = await Single.make(join(folder, "home"), "dcm-stop-1");
  });
  after(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("ends with status 0 within seconds on SIGTERM, with no process left, whenever it comes", async () => {
    for (const moment of [/node started/, /blocks are coming/]) {
      const { code, ms, err } = await single.run([], moment);
      assert.equal(code, 0, err);
      assert.ok(ms < stopWithinMs, `took ${ms} ms`);
      assert.match(err, /stopped/);
      await single.assertGone();
    }
    const early = await single.run(["--app-only", "--proxy-app", `unix://${join(folder, "abci.sock")}`], /node started/);
    assert.equal(early.code, 0, early.err);
    await single.assertGone();
  });

  it("leaves no CometBFT behind when it is killed with -9, and goes on with the same state", async () => {
    node = await single.start();
    const height = await single.transfer(5n);
    const hash = await ownAppHash(single.rpc, height);
    await node.stop("SIGKILL");
    await single.assertGone();
    node = await single.start();
    assert.equal(await ownAppHash(single.rpc, height), hash);
    await single.waitFor(height + 2);
  });

  it("refuses a home that another node runs on, by process id", async () => {
    const second = await single.run();
    assert.equal(second.code, 1);
    assert.match(second.err, /dcmd: a node runs on .* \(process \d+\)\n +Stop it first: kill \d+/);
    assert.ok((await heightOf(single.rpc)) > 0);
    assert.equal(await node!.stop(), 0);
  });

  for (const [name, what] of [["rest", /api\.address of app\.toml/], ["grpc", /grpc\.address of app\.toml/], ["rpc", /address already in use/], ["p2p", /address already in use/]] as const) {
    it(`says which port is in use: ${name}`, async () => {
      const taken = await occupy(single.ports[name]);
      const { code, err, ms } = await single.run();
      await new Promise((resolve) => taken.close(resolve));
      assert.equal(code, 1, err);
      const said = err.slice(err.lastIndexOf("dcmd:"));
      assert.match(said, new RegExp(`:${single.ports[name]}\\b`), said);
      assert.match(said, what);
      assert.ok(ms < 30_000, `took ${ms} ms`);
      await single.assertGone();
    });
  }
});
