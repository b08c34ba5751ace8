/** The peer in a process of its own, without a node: blocks of bank sends as its caller says, each timed by itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Time } from "../bank-sends.ts";
import { benchAccounts, buildHome, signSends } from "../node-send/home.ts";
import { adoptHome, type Peer } from "./obtain.ts";

export interface PeerChain {
  /** CheckTx of the next so many sends, which stay the next; `again`: as after a block. */
  check(count: number, again: boolean): Promise<Time>;
  /** FinalizeBlock and Commit of the next so many sends. */
  block(count: number): Promise<Time>;
  close(): Promise<void>;
}

/** A chain that is one block old, over the SDK's default database, with as many accounts as `sends` are a multiple of. Any transaction that fails ends it. */
export async function startPeerChain(peer: Peer, senders: number, sends: number): Promise<PeerChain> {
  const folder = mkdtempSync(join(tmpdir(), "bench-peer-"));
  const home = join(folder, "home");
  const file = join(folder, "transactions");
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const accounts = benchAccounts(senders);
    await buildHome(home, accounts);
    await adoptHome(peer, home);
    writeFileSync(file, inTurns(signSends(accounts, Math.ceil(sends / senders))));
    return await connect(peer.path, ["drive", "--home", home, "--transactions", file], remove);
  } catch (error) {
    remove();
    throw error;
  }
}

/** The accounts' sends in turns, each after its length. */
function inTurns(queues: readonly (readonly Uint8Array[])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < queues[0]!.length; i++) {
    for (const queue of queues) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(queue[i]!.length);
      parts.push(length, queue[i]!);
    }
  }
  return Buffer.concat(parts);
}

/** Starts the process, which ends with its standard input: it does not outlive this one. */
async function connect(path: string, args: readonly string[], remove: () => void): Promise<PeerChain> {
  const child = spawn(path, args, { stdio: ["pipe", "pipe", "pipe"] });
  const errors: string[] = [];
  createInterface(child.stderr).on("line", (line) => void errors.push(line));
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const exit = once(child, "close");
  child.stdin.on("error", () => undefined);
  const answer = async (): Promise<Time> => {
    const { value, done } = await answers.next();
    if (done === true) {
      await exit;
      throw new Error(`the peer ended: ${errors.slice(0, 5).join(" | ").slice(0, 1_000)}`);
    }
    const { seconds, cpu_seconds } = JSON.parse(value as string) as { seconds: number; cpu_seconds: number };
    return { wall: seconds * 1_000, cpu: cpu_seconds * 1_000 };
  };
  const ask = (line: string): Promise<Time> => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  await answer();
  return {
    check: (count, again) => ask(`${again ? "recheck" : "check"} ${count}`),
    block: (count) => ask(`block ${count}`),
    async close() {
      child.stdin.end();
      await exit;
      remove();
    },
  };
}
