/** A network of validators and providers on this machine, from a manifest: started, watched, hurt, healed, stopped. */
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { obtainCometBFT } from "./comet/obtain.ts";
import { LinkProxy, type LinkState } from "./faults/proxy.ts";
import { type Manifest, type ManifestInput, completeManifest } from "./manifest.ts";
import { NetworkNode, type NodeStatus } from "./node.ts";
import { type Dial, type HomeBuilder, type NetworkPlan, type NodePlan, nodePlan } from "./plan.ts";
import { type NodePorts, type PortPlan, claimPorts } from "./ports.ts";

export interface NetworkOptions {
  readonly builder: HomeBuilder;
  /** Receives homes and logs; what is there already goes on. */
  readonly folder: string;
  readonly onProgress?: (message: string) => void;
  /** How long the first block may take; default one minute. */
  readonly startTimeoutMs?: number;
  /** Gives the start up. */
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  /** Default: all validators. */
  readonly nodes?: readonly NetworkNode[];
  /** Default: one minute. */
  readonly timeoutMs?: number;
  /** Gives up, too, where a process of a node has ended so often by itself. */
  readonly maxRestarts?: number;
  readonly signal?: AbortSignal;
}

/** By `linkName`: a proxy for each end that dials. */
type Links = Map<string, readonly LinkProxy[]>;

const POLL_MS = 100;
/** A process that ends so often while the network starts will not come up. */
const START_RESTARTS = 3;
const DEFAULT_WAIT_MS = 60_000;

export class Network {
  readonly manifest: Manifest;
  readonly plan: NetworkPlan;
  readonly nodes: readonly NetworkNode[];
  readonly #ports: PortPlan;
  readonly #links: Links;

  private constructor(plan: NetworkPlan, nodes: readonly NetworkNode[], ports: PortPlan, links: Links) {
    this.manifest = plan.manifest;
    this.plan = plan;
    this.nodes = nodes;
    this.#ports = ports;
    this.#links = links;
  }

  /**
   * Builds the homes, starts every node and resolves once the height of every validator moves. Rejects, with the ends of the logs
   * and with nothing left running, where that does not happen.
   */
  static async start(input: ManifestInput, options: NetworkOptions): Promise<Network> {
    const { builder, folder, onProgress = () => undefined, signal } = options;
    const manifest = completeManifest(input);
    const comet = await obtainCometBFT({ line: manifest.comet.line, onProgress, ...(signal === undefined ? {} : { signal }) });
    mkdirSync(folder, { recursive: true });
    const ports = await claimPorts(manifest.validators + manifest.providers, manifest.basePort);
    const links: Links = new Map();
    let network: Network | undefined;
    try {
      const plan: NetworkPlan = { manifest, folder, comet, nodes: await planNodes(manifest, folder, ports.nodes, links) };
      onProgress(`building ${plan.nodes.length} homes in ${folder}`);
      await builder.build(plan);
      const nodes = plan.nodes.map((node) => new NetworkNode(node, builder.processes(node, plan)));
      network = new Network(plan, nodes, ports, links);
      onProgress(`starting ${manifest.validators} validators and ${manifest.providers} providers`);
      await Promise.all(nodes.map((node) => node.start()));
      await network.waitForMovement({ timeoutMs: options.startTimeoutMs ?? DEFAULT_WAIT_MS, maxRestarts: START_RESTARTS, ...(signal === undefined ? {} : { signal }) });
      if (builder.started !== undefined) {
        onProgress("enrolling the providers");
        await builder.started(plan);
      }
      onProgress(`the network moves; RPC at ${network.validators[0]!.rpcAddress}`);
      return network;
    } catch (error) {
      if (network !== undefined) await network.stop();
      else await release(ports, links);
      throw error;
    }
  }

  get validators(): readonly NetworkNode[] {
    return this.nodes.filter(({ plan }) => plan.role === "validator");
  }

  get providers(): readonly NetworkNode[] {
    return this.nodes.filter(({ plan }) => plan.role === "provider");
  }

  /** By name, e.g. `validator-0`. Throws where there is none. */
  node(name: string): NetworkNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`there is no node ${name}; there are ${this.nodes.map((node) => node.name).join(", ")}`);
    return found;
  }

  status(): Promise<NodeStatus[]> {
    return Promise.all(this.validators.map((node) => node.status()));
  }

  /** Resolves once every node has at least this height. Rejects, with heights and logs, after the timeout. */
  async waitForHeight(height: number, options: WaitOptions = {}): Promise<void> {
    await this.#wait(`height ${height}`, options, (statuses) => statuses.every((status) => status.height >= height));
  }

  /** Resolves once every node's height has grown by two since its first answer: a node is well when its height moves, not when it lives. */
  async waitForMovement(options: WaitOptions = {}): Promise<void> {
    const first = new Map<string, number>();
    await this.#wait("two more blocks", options, (statuses) => {
      for (const { name, answers, height } of statuses) if (answers && !first.has(name)) first.set(name, height);
      return statuses.every(({ name, height }) => height >= (first.get(name) ?? Infinity) + 2);
    });
  }

  /** Makes the link between two nodes, named e.g. `validator-0`, better or worse. Throws where the manifest has no `faults`. */
  setLink(a: string, b: string, state: Partial<LinkState>): void {
    const proxies = this.#links.get(linkName(a, b));
    if (proxies === undefined) throw new Error(`the link between ${a} and ${b} has no proxy: give the manifest \`faults\`, and name two nodes of which one is a validator`);
    for (const proxy of proxies) proxy.set(state);
  }

  /** Cuts (or heals) every link of a node. */
  isolate(name: string, cut = true): void {
    const peers = this.nodes.filter((node) => this.#links.has(linkName(name, node.name)));
    if (peers.length === 0) throw new Error(`${name} has no links with a proxy: give the manifest \`faults\``);
    for (const peer of peers) this.setLink(name, peer.name, { cut });
  }

  /** Stops every process and gives the ports up. Homes and logs stay. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await release(this.#ports, this.#links);
  }

  async #wait(what: string, options: WaitOptions, done: (statuses: readonly NodeStatus[]) => boolean): Promise<void> {
    const { nodes = this.validators, timeoutMs = DEFAULT_WAIT_MS } = options;
    const until = Date.now() + timeoutMs;
    for (;;) {
      options.signal?.throwIfAborted();
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      if (done(statuses)) return;
      const broken = this.nodes.find((node) => node.processes.some(({ restarts }) => restarts >= (options.maxRestarts ?? Infinity)));
      if (broken !== undefined) throw new Error(`${broken.name} ends again and again. Its log says why; a damaged state can only be built anew (npm start: --fresh).\n${broken.tail()}`);
      if (Date.now() > until) {
        const heights = statuses.map(({ name, answers, height, peers }) => `${name} ${answers ? `is at ${height} with ${peers} peers` : "does not answer"}`);
        throw new Error(`no ${what} after ${timeoutMs} ms: ${heights.join(", ")}.\n${nodes.map((node) => node.tail()).join("\n")}`);
      }
      await sleep(POLL_MS);
    }
  }
}

/** The same for both directions. */
function linkName(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/**
 * Validators dial each other, providers every validator. Both ends dial, because CometBFT waits 5 to 8 s before it dials a lost peer
 * again: so the one that comes back is linked at once.
 */
async function planNodes(manifest: Manifest, folder: string, ports: readonly NodePorts[], links: Links): Promise<NodePlan[]> {
  const { validators, providers, faults } = manifest;
  const validator = (index: number): string => `validator-${index}`;
  const faulty = new Map((faults?.links ?? []).map(({ between: [a, b], delayMs = 0, jitterMs = 0, cut = false }) => [linkName(validator(a), validator(b)), { delayMs, jitterMs, cut }]));
  const dial = async (from: string, to: number): Promise<Dial> => {
    const { p2p } = ports[to]!;
    if (faults === undefined) return { node: validator(to), port: p2p };
    const name = linkName(from, validator(to));
    const proxy = new LinkProxy(p2p, faulty.get(name));
    links.set(name, [...(links.get(name) ?? []), proxy]);
    return { node: validator(to), port: await proxy.listen() };
  };
  const dialAll = (from: string): Promise<Dial[]> => Promise.all(Array.from({ length: validators }, (_, to) => to).filter((to) => validator(to) !== from).map((to) => dial(from, to)));
  const nodes: NodePlan[] = [];
  for (let n = 0; n < validators; n++) nodes.push(nodePlan(folder, "validator", n, ports[n]!, await dialAll(validator(n))));
  for (let n = 0; n < providers; n++) nodes.push(nodePlan(folder, "provider", n, ports[validators + n]!, await dialAll(`provider-${n}`)));
  return nodes;
}

async function release(ports: PortPlan, links: Links): Promise<void> {
  await Promise.all([ports.release(), ...[...links.values()].flat().map((proxy) => proxy.close())]);
}
