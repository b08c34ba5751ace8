import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ManagedProcess, tailFile } from "../../../localnet/process.ts";
import { RELEASES, type Line } from "../../../localnet/comet/versions.ts";
import type { RunningNode } from "../../../chain/node/testing.ts";
import { fileURLToPath } from "node:url";
import { balanceOf, heightOf, ownAppHash } from "./observe.ts";
import { bob, Single } from "./single.ts";

const main = fileURLToPath(new URL("../../../chain/main.ts", import.meta.url));

describe("CometBFT", function () {
  // Installing a CometBFT that is nowhere on the machine takes a hundred seconds.
  this.timeout(300_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-apart-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  // 0.38 under dcmd start is what all other tests run.
  for (const line of ["0.40"] as const satisfies readonly Line[]) {
    it(`${line} under dcmd start: starts, takes a transaction, restarts`, async () => {
      const single = await Single.make(join(folder, "home"), `dcm-line-${line}`, line);
      let node: RunningNode | undefined = await single.start();
      try {
        const height = await single.transfer(40n);
        const hash = await ownAppHash(single.rpc, height);
        assert.equal(await node.stop(), 0);
        node = undefined;
        node = await single.start();
        await single.waitFor(height + 2);
        assert.equal(await balanceOf(single.rpc, bob.text), 40n);
        assert.equal(await ownAppHash(single.rpc, height), hash);
        await single.transfer(2n);
        // 0.40.0 calls itself 0.39: the binary was looked at when it was obtained.
        assert.ok(single.comet.includes(RELEASES[line].version) || process.env["COMETBFT"] !== undefined, single.comet);
      } finally {
        await node?.stop();
      }
    });
  }

  for (const line of ["0.38"] as const satisfies readonly Line[]) {
    it(`${line} run by hand beside dcmd start --app-only over TCP: starts, takes a transaction, goes on when either restarts`, async () => {
      const single = await Single.make(join(folder, "home"), `dcm-apart-${line}`, line);
      const { rest, grpc, abci } = single.ports;
      const address = `tcp://127.0.0.1:${abci}`;
      const appLog = join(folder, "app.log");
      const app = new ManagedProcess({
        name: "app", command: process.execPath, logFile: appLog, restart: true, ready: () => Promise.resolve(tailFile(appLog).includes("node started")),
        args: [main, "start", "--home", single.home, "--app-only", "--proxy-app", address, "--api-address", `127.0.0.1:${rest}`, "--grpc-address", `127.0.0.1:${grpc}`],
      });
      const comet = new ManagedProcess({ name: "comet", command: single.comet, args: ["start", "--home", single.home, "--proxy_app", address], logFile: join(folder, "comet.log"), restart: true });
      try {
        await app.start();
        await comet.start();
        await single.waitFor(2);
        const height = await single.transfer(7n);
        await comet.kill();
        await single.waitFor(height + 2);
        await app.kill();
        await single.waitFor((await heightOf(single.rpc).catch(() => height)) + 3);
        assert.equal(await balanceOf(single.rpc, bob.text), 7n);
        await single.transfer(1n);
        assert.equal((await comet.stop())?.code, 0);
        assert.equal((await app.stop())?.code, 0);
      } finally {
        await comet.stop();
        await app.stop();
      }
      await single.assertGone();
    });
  }
});
