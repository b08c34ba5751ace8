import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { obtainCometBFT } from "../../localnet/comet/obtain.ts";
import type { Line } from "../../localnet/comet/versions.ts";
import { type PortPlan, claimPorts } from "../../localnet/ports.ts";
import { ManagedProcess } from "../../localnet/process.ts";
import { readmeCounter } from "./testing.ts";

/** What CometBFT's RPC says; rejects where it does not answer. */
async function rpc(port: number, path: string): Promise<Record<string, never>> {
  const answer = (await (await fetch(`http://127.0.0.1:${port}/${path}`, { signal: AbortSignal.timeout(15_000) })).json()) as { result?: Record<string, never>; error?: unknown };
  if (answer.result === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

interface Status {
  sync_info: { latest_block_height: string };
}

for (const line of ["0.38", "0.40"] as const satisfies Line[]) {
  describe(`the README's counter under CometBFT ${line}`, function () {
    this.timeout(300_000);
    let folder: string;
    let ports: PortPlan;
    let app: ManagedProcess;
    let comet: ManagedProcess;
    const port = (): number => ports.nodes[0]!.rpc;
    const height = async (): Promise<number> => {
      try {
        return Number((await rpc(port(), "status") as unknown as Status).sync_info.latest_block_height);
      } catch {
        return 0;
      }
    };
    const count = async (): Promise<string> => {
      const answer = (await rpc(port(), 'abci_query?path="count"')) as unknown as { response: { value: string } };
      return Buffer.from(answer.response.value, "base64").toString();
    };
    const moves = async (): Promise<void> => {
      const from = await height();
      for (let n = 0; (await height()) < Math.max(2, from + 2); n++) {
        assert.ok(n < 400, `the height stays at ${from}\n${app.tail()}\n${comet.tail()}`);
        await sleep(50);
      }
    };

    before(async () => {
      const { path } = await obtainCometBFT({ line });
      folder = mkdtempSync(join(tmpdir(), "dcm-counter-"));
      ports = await claimPorts(1);
      const { p2p, rpc: rpcPort } = ports.nodes[0]!;
      execFileSync(path, ["init", "--home", folder], { stdio: "ignore" });
      const socket = `unix://${folder}/app.sock`;
      app = new ManagedProcess({ name: "counter", ...readmeCounter(folder, socket), logFile: join(folder, "app.log"), ready: async () => app.tail().includes("listening at") });
      comet = new ManagedProcess({
        name: "comet", command: path, logFile: join(folder, "comet.log"), restart: true,
        args: ["start", "--home", folder, "--proxy_app", socket, "--rpc.laddr", `tcp://127.0.0.1:${rpcPort}`, "--p2p.laddr", `tcp://127.0.0.1:${p2p}`],
      });
      const config = join(folder, "config", "config.toml");
      writeFileSync(config, readFileSync(config, "utf8").replace('timeout_commit = "1s"', 'timeout_commit = "50ms"'));
      await app.start();
      await comet.start();
    });
    after(async () => {
      await comet.stop();
      await app.stop();
      await ports.release();
      rmSync(folder, { recursive: true, force: true });
    });

    it("ABCI-6 starts, and the height moves", async () => {
      await moves();
    });

    it("ABCI-12 counts a transaction, and refuses one that CheckTx refuses", async () => {
      const sent = (await rpc(port(), 'broadcast_tx_commit?tx="one"')) as unknown as { check_tx: { code: number }; tx_result: { code: number }; height: string };
      assert.deepEqual([sent.check_tx.code, sent.tx_result.code], [0, 0]);
      assert.equal(await count(), "1");
      const refused = (await rpc(port(), `broadcast_tx_sync?tx="${"x".repeat(101)}"`)) as unknown as { code: number; log: string };
      assert.deepEqual([refused.code, refused.log], [1, "a transaction has at most 100 bytes"]);
    });

    it("ABCI-5 ABCI-7 goes on after the application was killed: CometBFT ends with it, both start again, the blocks are replayed", async () => {
      const first = comet.pid;
      await app.kill();
      for (let n = 0; comet.pid === first; n++) {
        assert.ok(n < 400, "CometBFT did not end with the application");
        await sleep(25);
      }
      await app.start();
      await moves();
      assert.equal(await count(), "1");
      await rpc(port(), 'broadcast_tx_commit?tx="two"');
      assert.equal(await count(), "2");
    });

    it("ABCI-7 goes on after CometBFT was killed beside a living application", async () => {
      await comet.kill();
      await moves();
      assert.equal(await count(), "2");
    });
  });
}
