/** One running node of a network: its processes as one thing, and what its RPC says. */
import type { NodePlan } from "./plan.ts";
import { ManagedProcess, type ProcessSpec } from "./process.ts";

export interface NodeStatus {
  readonly name: string;
  /** False where the RPC does not answer: the other fields are then empty. */
  readonly answers: boolean;
  readonly height: number;
  readonly appHash: string;
  readonly catchingUp: boolean;
  readonly peers: number;
}

const RPC_TIMEOUT_MS = 5000;

export class NetworkNode {
  readonly plan: NodePlan;
  readonly processes: readonly ManagedProcess[];

  constructor(plan: NodePlan, specs: readonly ProcessSpec[]) {
    this.plan = plan;
    this.processes = specs.map((spec) => new ManagedProcess(spec));
  }

  get name(): string {
    return this.plan.name;
  }

  /** Of CometBFT, as clients take it. */
  get rpcAddress(): string {
    return `http://127.0.0.1:${this.plan.ports.rpc}`;
  }

  /** The process that was given this name, without the node's. Throws where there is none. */
  process(name: string): ManagedProcess {
    const found = this.processes.find(({ spec }) => spec.name === name || spec.name === `${this.name}/${name}`);
    if (found === undefined) throw new Error(`${this.name} has no process ${name}; it has ${this.processes.map(({ spec }) => spec.name).join(", ")}`);
    return found;
  }

  /** Starts what does not run, one after the other; each when the one before it is ready. */
  async start(): Promise<void> {
    for (const one of this.processes) if (!one.active) await one.start();
  }

  /** Ends all its processes in order, the last started first. */
  async stop(graceMs?: number): Promise<void> {
    for (const one of [...this.processes].reverse()) await one.stop(graceMs);
  }

  /** Ends all its processes at once, as a power failure would; they stay down until `start`. */
  async kill(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.kill(false)));
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** The last lines of each process's log. */
  tail(bytes?: number): string {
    return this.processes.map((one) => `--- ${one.spec.name} (${one.spec.logFile})\n${one.tail(bytes)}`).join("\n");
  }

  async status(): Promise<NodeStatus> {
    try {
      const [status, net] = await Promise.all([this.rpc("status"), this.rpc("net_info")]);
      const { sync_info: sync } = status as { sync_info: { latest_block_height: string; latest_app_hash: string; catching_up: boolean } };
      return {
        name: this.name, answers: true, height: Number(sync.latest_block_height), appHash: sync.latest_app_hash, catchingUp: sync.catching_up,
        peers: Number((net as { n_peers: string }).n_peers),
      };
    } catch {
      return { name: this.name, answers: false, height: 0, appHash: "", catchingUp: false, peers: 0 };
    }
  }

  /** The result of an RPC path with its query, e.g. `block?height=1`. Rejects where the node does not answer or answers with an error. */
  async rpc(path: string): Promise<unknown> {
    const response = await fetch(`${this.rpcAddress}/${path}`, { signal: AbortSignal.timeout(RPC_TIMEOUT_MS) });
    const { result, error } = (await response.json()) as { result?: unknown; error?: unknown };
    if (error !== undefined) throw new Error(`${this.name}: ${path.split("?")[0]!} answered ${JSON.stringify(error)}`);
    return result;
  }
}
