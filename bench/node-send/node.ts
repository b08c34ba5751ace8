/** One CometBFT and one application as processes of their own, over a socket, and the CPU that they use. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ManagedProcess } from "../../localnet/process.ts";
import type { NodePorts } from "../../localnet/ports.ts";
import { latestHeight } from "./chain.ts";

const root = join(import.meta.dirname, "../..");
/** Ticks of /proc/PID/stat in a second. */
const ticks = 100;

export interface RunningNode {
  /** Seconds of CPU so far; NaN where there is no /proc. */
  cpu(): { readonly app: number; readonly comet: number };
  stop(): Promise<void>;
}

/** `app`: of this project. `floor`: what any application must do. `limit`: nothing. `peer`: a Cosmos SDK chain, which is one process with its CometBFT. */
export type Kind = "app" | "floor" | "limit" | "peer";

/** Starts both in a home, and waits for the second block. */
export async function startNode(home: string, comet: string, ports: NodePorts, kind: Exclude<Kind, "peer">): Promise<RunningNode> {
  const socket = join(home, "app.sock");
  rmSync(socket, { force: true });
  const args = kind === "limit" ? [join(root, "bench/noop-app.ts"), `unix://${socket}`]
    : kind === "floor" ? [join(root, "bench/floor-app.ts"), `unix://${socket}`, resultFile(home)]
    : [join(root, "chain/main.ts"), "start", "--app-only", "--home", home, "--proxy-app", `unix://${socket}`, "--api-address", `127.0.0.1:${ports.rest}`, "--grpc-address", `127.0.0.1:${ports.grpc}`];
  const app = new ManagedProcess({ name: "application", command: process.execPath, args, logFile: join(home, "app.log"), ready: () => Promise.resolve(existsSync(socket)) });
  const engine = new ManagedProcess({
    name: "CometBFT", command: comet, logFile: join(home, "comet.log"), ready: async () => (await latestHeight(ports.rpc).catch(() => 0)) >= 2,
    args: ["start", "--home", home, "--proxy_app", `unix://${socket}`, "--rpc.laddr", `tcp://127.0.0.1:${ports.rpc}`, "--p2p.laddr", `tcp://127.0.0.1:${ports.p2p}`],
  });
  const stop = async (): Promise<void> => {
    await engine.stop();
    await app.stop();
  };
  try {
    await app.start();
    await engine.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop, cpu: () => ({ app: cpuSeconds(app.pid), comet: cpuSeconds(engine.pid) }) };
}

/** The same with the peer's own `start`. Its CPU counts as the application's. */
export async function startPeer(home: string, peer: string, ports: NodePorts): Promise<RunningNode> {
  const node = new ManagedProcess({
    name: "peer", command: peer, logFile: join(home, "peer.log"), ready: async () => (await latestHeight(ports.rpc).catch(() => 0)) >= 2,
    args: ["start", "--home", home, "--rpc.laddr", `tcp://127.0.0.1:${ports.rpc}`, "--p2p.laddr", `tcp://127.0.0.1:${ports.p2p}`],
  });
  await node.start();
  return { stop: async () => void (await node.stop()), cpu: () => ({ app: cpuSeconds(node.pid), comet: 0 }) };
}

/** What a send results in, for the floor's application. */
export const resultFile = (home: string): string => join(home, "result.bin");

/** User and system time of a process, all its threads. Throws where it has ended. */
function cpuSeconds(pid: number | undefined): number {
  if (process.platform !== "linux") return NaN;
  if (pid === undefined) throw new Error("a process of the node has ended: its log is in the home");
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** Waits until `done`, asking again; throws after the time. */
export async function waitUntil(what: string, timeoutMs: number, done: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await done())) {
    if (Date.now() > until) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await sleep(100);
  }
}
