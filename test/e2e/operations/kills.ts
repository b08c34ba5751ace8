/** kill -9 of applications, of CometBFTs, of both, at random moments; and the account of how each came back. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Network } from "../../../localnet/network.ts";
import type { NetworkNode } from "../../../localnet/node.ts";
import { cometPid, runsApart } from "./four.ts";
import type { Load } from "./load.ts";
import { Chance } from "./random.ts";

export type Target = "application" | "CometBFT" | "whole node";

export interface Kill {
  readonly node: string;
  readonly target: Target;
  readonly height: number;
  /** Until its height was the network's again, or until it was killed again. */
  readonly backMs: number | undefined;
}

export interface KillOptions {
  readonly network: Network;
  readonly load: Load;
  readonly count: number;
  readonly seed: number;
  readonly onKill?: (kill: Kill, done: number) => void;
}

const targets: readonly Target[] = ["application", "CometBFT", "whole node"];
/** One in two kills waits until the node is back; the others come while it is not. */
const patience = 0.5;
const backWithinMs = 60_000;

/** Resolves when all nodes are back. Rejects where one does not come back within a minute. */
export async function killRandomly({ network, load, count, seed, onKill = () => undefined }: KillOptions): Promise<Kill[]> {
  const chance = new Chance(seed);
  const kills: Kill[] = [];
  const returning = new Map<NetworkNode, Promise<void>>();
  const killed = new Map<NetworkNode, number>();
  for (let n = 0; n < count; ) {
    await sleep(chance.between(100, 2_000));
    const node = chance.pick(network.validators);
    const target = chance.pick(targets);
    const height = load.height;
    load.ledger.disturb(node.name, Date.now());
    if (!(await killOne(node, target, chance))) continue;
    const at = Date.now();
    n++;
    killed.set(node, n);
    const back = returns(node, load, height, () => killed.get(node) !== n).then((whole) => {
      // Until here it took transactions and told nobody of them.
      load.ledger.disturb(node.name, Date.now());
      const kill = { node: node.name, target, height, backMs: whole ? Date.now() - at : undefined };
      kills.push(kill);
      onKill(kill, kills.length);
    });
    // Looked at below, or by the next kill of the same node; never unhandled in between.
    back.catch(() => undefined);
    await returning.get(node);
    returning.set(node, back);
    if (chance.next() < patience) await back;
  }
  await Promise.all(returning.values());
  return kills;
}

/** False where there was nothing to kill. A whole node is down until it is started again, the others come back by themselves. */
async function killOne(node: NetworkNode, target: Target, chance: Chance): Promise<boolean> {
  if (target === "whole node") {
    await node.kill();
    await sleep(chance.between(0, 1_500));
    await node.start();
    return true;
  }
  if (runsApart(node.plan)) {
    const one = node.process(target === "application" ? "app" : "comet");
    if (one.pid === undefined) return false;
    await one.kill();
    return true;
  }
  const pid = target === "application" ? node.process("dcmd").pid : cometPid(node);
  return pid !== undefined && killed(pid);
}

function killed(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** True once the node's height is the network's; false where it was killed again before. */
async function returns(node: NetworkNode, load: Load, from: number, again: () => boolean): Promise<boolean> {
  for (const until = Date.now() + backWithinMs; ; ) {
    const { answers, height } = await node.status();
    if (again()) return false;
    // The block after the one that was being made when it was killed needs what was killed.
    if (answers && height >= from + 2 && height >= load.height - 1) return true;
    if (Date.now() > until) throw new Error(`${node.name} is at ${answers ? height : "no height"} a minute after it was killed; the network is at ${load.height}.\n${node.tail(6_000)}`);
    await sleep(100);
  }
}

/** Median and longest time until a killed one was back, by what was killed. */
export function summary(kills: readonly Kill[]): string {
  return targets.map((target) => {
    const times = kills.flatMap((kill) => (kill.target === target && kill.backMs !== undefined ? [kill.backMs / 1_000] : [])).sort((a, b) => a - b);
    return times.length === 0 ? `${target}: none` : `${target} back in ${times[times.length >> 1]!.toFixed(1)} s, at most ${times.at(-1)!.toFixed(1)} s (${times.length})`;
  }).join("; ");
}
