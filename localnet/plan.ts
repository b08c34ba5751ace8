/** A network on paper: which nodes, where they live, which ports they have, whom they dial. */
import { join } from "node:path";
import type { CometBFT } from "./comet/obtain.ts";
import type { Manifest } from "./manifest.ts";
import type { NodePorts } from "./ports.ts";
import type { ProcessSpec } from "./process.ts";
import type { TomlChanges } from "./toml.ts";

export type Role = "validator" | "provider";

/** One that this node dials: by whom, and at which port on loopback (a proxy's, where links can have faults). */
export interface Dial {
  readonly node: string;
  readonly port: number;
}

export interface NodePlan {
  /** `validator-0`, `provider-0` ... */
  readonly name: string;
  readonly role: Role;
  /** Among those of its role, from 0. */
  readonly index: number;
  readonly home: string;
  readonly ports: NodePorts;
  /** Every other validator: both ends of a link dial, and the connection that is made first stays. */
  readonly dials: readonly Dial[];
  /** Receives the output of the node's process `name`. */
  logFile(name: string): string;
}

export interface NetworkPlan {
  readonly manifest: Manifest;
  readonly folder: string;
  readonly comet: CometBFT;
  /** Validators first. */
  readonly nodes: readonly NodePlan[];
}

/** How homes and processes come to be: the one thing that a network leaves to others. */
export interface HomeBuilder {
  /**
   * Makes every node's home: keys, genesis, configuration. A home that is there keeps its keys, genesis and data; its configuration
   * is written anew with `cometConfig`, because ports may have changed.
   */
  build(plan: NetworkPlan): Promise<void>;
  /** The node's processes in the order in which they start; they stop in the opposite one. */
  processes(node: NodePlan, plan: NetworkPlan): readonly ProcessSpec[];
  /** What there is to do once blocks come; the network counts as started when it is done. */
  started?(plan: NetworkPlan): Promise<void>;
}

/**
 * What a node's config.toml needs to live in the plan: addresses, peers, timings, the manifest's own changes last. `nodeIds` gives
 * each validator's CometBFT node id by name.
 */
export function cometConfig(node: NodePlan, { manifest }: NetworkPlan, nodeIds: ReadonlyMap<string, string>): TomlChanges {
  const { timings } = manifest;
  const consensus = { timeout_propose: timings.proposeMs, timeout_prevote: timings.prevoteMs, timeout_precommit: timings.precommitMs, timeout_commit: timings.commitMs };
  const ours: TomlChanges = {
    "": { moniker: node.name },
    rpc: { laddr: `tcp://127.0.0.1:${node.ports.rpc}` },
    p2p: {
      laddr: `tcp://127.0.0.1:${node.ports.p2p}`, pex: false, addr_book_strict: false, allow_duplicate_ip: true, persistent_peers_max_dial_period: "1s",
      persistent_peers: node.dials.map((dial) => `${idOf(dial.node, nodeIds)}@127.0.0.1:${dial.port}`).join(","),
    },
    consensus: Object.fromEntries(Object.entries(consensus).flatMap(([key, ms]) => (ms === undefined ? [] : [[key, `${ms}ms`]]))),
  };
  const merged: Record<string, TomlChanges[string]> = { ...ours };
  for (const [section, values] of Object.entries(manifest.comet.config)) merged[section] = { ...merged[section], ...values };
  return merged;
}

function idOf(name: string, nodeIds: ReadonlyMap<string, string>): string {
  const id = nodeIds.get(name);
  if (id === undefined) throw new Error(`the node id of ${name} is not known: build its home first`);
  return id;
}

/** Homes and logs of one node below the network's folder. */
export function nodePlan(folder: string, role: Role, index: number, ports: NodePorts, dials: readonly Dial[]): NodePlan {
  const name = `${role}-${index}`;
  return { name, role, index, home: join(folder, name), ports, dials, logFile: (process) => join(folder, "logs", `${name}-${process}.log`) };
}
