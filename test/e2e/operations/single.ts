/** One validator in a home of its own, made and started with the operator's commands; and what is left of it when it ended. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { dcmd, startNode, type RunningNode } from "../../../chain/node/testing.ts";
import { MsgSend } from "../../../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { obtainCometBFT } from "../../../localnet/comet/obtain.ts";
import type { Line } from "../../../localnet/comet/versions.ts";
import { denom } from "../../../localnet/homes.ts";
import { claimPorts, type NodePorts } from "../../../localnet/ports.ts";
import { anyOf, signedTx, testAccount } from "../../support/accounts.ts";
import { accountAt, heightOf, rpcAt, type Rpc } from "./observe.ts";

export const alice = testAccount("alice");
export const bob = testAccount("bob");
const main = fileURLToPath(new URL("../../../chain/main.ts", import.meta.url));

/** Held until this process ends: between two starts of a node nobody else may take its ports. */
const claimed: NodePorts[] = [];
const claimAtOnce = 9;

async function nextPorts(): Promise<NodePorts> {
  if (claimed.length === 0) claimed.push(...(await claimPorts(claimAtOnce)).nodes);
  return claimed.shift()!;
}

/** Runs a command that must succeed, and gives its standard output. */
export async function ok(...argv: string[]): Promise<string> {
  const { code, out, err } = await dcmd(argv);
  assert.equal(code, 0, `dcmd ${argv.join(" ")}: ${err}`);
  return out;
}

export interface Ended {
  readonly code: number | null;
  readonly err: string;
  readonly ms: number;
}

export class Single {
  readonly home: string;
  readonly ports: NodePorts;
  readonly comet: string;
  readonly chainId: string;

  private constructor(home: string, ports: NodePorts, comet: string, chainId: string) {
    this.home = home;
    this.ports = ports;
    this.comet = comet;
    this.chainId = chainId;
  }

  /** A home with keys, configuration, free ports and the genesis of a chain whose only validator it is. */
  static async make(home: string, chainId: string, line: Line = "0.38"): Promise<Single> {
    const single = await Single.bare(home, chainId, line);
    const test = ["--keyring-backend", "test", "--home", home];
    await ok("keys", "add", "op", ...test);
    await ok("genesis", "add-genesis-account", "op", `1000000000000${denom}`, ...test);
    await ok("genesis", "add-genesis-account", alice.text, `1000000000${denom}`, "--home", home);
    await ok("genesis", "gentx", "op", `500000000000${denom}`, ...test);
    await ok("genesis", "collect-gentxs", "--home", home);
    return single;
  }

  /** The same without validator and accounts. */
  static async bare(home: string, chainId: string, line: Line = "0.38"): Promise<Single> {
    await ok("init", "single", "--chain-id", chainId, "--home", home);
    const single = new Single(home, await nextPorts(), (await obtainCometBFT({ line })).path, chainId);
    await single.set("config", "consensus.timeout_commit", "200ms");
    await single.set("config", "rpc.laddr", `tcp://127.0.0.1:${single.ports.rpc}`);
    await single.set("config", "p2p.laddr", `tcp://127.0.0.1:${single.ports.p2p}`);
    return single;
  }

  async set(file: string, key: string, value: string): Promise<void> {
    await ok("config", "set", file, key, value, "--home", this.home);
  }

  path(...parts: string[]): string {
    return join(this.home, ...parts);
  }

  get rpc(): Rpc {
    return rpcAt(`http://127.0.0.1:${this.ports.rpc}`);
  }

  /** Resolves when blocks come. */
  start(...args: string[]): Promise<RunningNode> {
    return startNode(this.home, { ...this.ports, api: this.ports.rest }, ["--comet", this.comet, ...args]);
  }

  /** `dcmd start` that is expected to end by itself; with `until` it gets SIGTERM when its log says so. */
  run(args: readonly string[] = [], until?: RegExp): Promise<Ended> {
    const { rpc, p2p, rest, grpc } = this.ports;
    const began = Date.now();
    let since = began;
    const child = spawn(process.execPath, [
      main, "start", "--home", this.home, "--comet", this.comet, "--rpc-laddr", `tcp://127.0.0.1:${rpc}`, "--p2p-laddr", `tcp://127.0.0.1:${p2p}`, "--api-address", `127.0.0.1:${rest}`, "--grpc-address", `127.0.0.1:${grpc}`, ...args,
    ], { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      if (until === undefined || since !== began || !until.test(err)) return;
      since = Date.now();
      child.kill("SIGTERM");
    });
    const killer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    return new Promise((resolve) => child.once("close", (code) => {
      clearTimeout(killer);
      resolve({ code, err, ms: Date.now() - since });
    }));
  }

  /** A transfer from alice to bob, committed. Gives its height. */
  async transfer(amount: bigint): Promise<number> {
    const { number, sequence } = await accountAt(this.rpc, alice.text);
    const tx = signedTx(alice, {
      chainId: this.chainId, accountNumber: number, sequence, fee: { denom, amount: 2_000n },
      messages: [anyOf(MsgSend, { fromAddress: alice.text, toAddress: bob.text, amount: [{ denom, amount: String(amount) }] })],
    });
    const sent = (await this.rpc.rpc(`broadcast_tx_commit?tx=0x${Buffer.from(tx).toString("hex")}`)) as { check_tx: { code: number; log: string }; tx_result: { code: number; log: string }; height: string };
    assert.deepEqual([sent.check_tx.code, sent.tx_result.code], [0, 0], sent.check_tx.log + sent.tx_result.log);
    return Number(sent.height);
  }

  async waitFor(height: number): Promise<void> {
    for (const until = Date.now() + 30_000; ; await sleep(50)) {
      const now = await heightOf(this.rpc).catch(() => 0);
      if (now >= height) return;
      assert.ok(Date.now() < until, `no height ${height} in 30 s: it is ${now}`);
    }
  }

  genesis(): Record<string, unknown> & { app_state: Record<string, Record<string, unknown>> } {
    return JSON.parse(readFileSync(this.path("config/genesis.json"), "utf8")) as never;
  }

  writeGenesis(doc: object): void {
    writeFileSync(this.path("config/genesis.json"), JSON.stringify(doc));
  }

  /** Command lines of the processes that name this home (Linux). */
  processes(): string[] {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return line.includes(`${this.home} `) ? [line] : [];
      } catch {
        return [];
      }
    });
  }

  /** Asserts that within two seconds nothing of this home runs any more. */
  async assertGone(): Promise<void> {
    for (const until = Date.now() + 2_000; this.processes().length > 0; await sleep(20)) assert.ok(Date.now() < until, this.processes().join("\n"));
  }
}
