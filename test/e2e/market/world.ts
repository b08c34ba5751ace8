/**
 * One network for all scenarios: a validator, honest providers and three faulty ones, each with its worker as a process. Each scenario has
 * a capacity class, so a book, and a consumer of its own: what it sees is its own doing, while others run beside it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { addressText, moduleAddress, prefixes } from "../../../chain/codec/address.ts";
import type { Job, Replica, ReplicaState, Task } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { QueryBalanceRequest, QueryBalanceResponse, QuerySupplyOfRequest, QuerySupplyOfResponse } from "../../../chain/codec/gen/cosmos/bank/v1beta1/query.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { Sender } from "../../../client/sender.ts";
import { dcmHomes, denom, gasPrice, operatorWallet, personaWallet, secondDenom, type ProviderTerms } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import type { NetworkNode } from "../../../localnet/node.ts";
import { ensureAsk, type AskTerms } from "../../../worker/agent/setup.ts";
import { serveBlobs, type BlobServer } from "../../../worker/data/server.ts";
import { BlobStore } from "../../../worker/data/store.ts";
import type { JobRequest } from "../../../worker/gateway/bid.ts";
import { Gateway, type GatewayOptions, type PlacedJob } from "../../../worker/gateway/gateway.ts";
import { Follower } from "./follower.ts";
import { History } from "./history.ts";
import { module } from "./program.ts";

export const chainId = "dcm-market-1";
export const bond = 10_000_000_000n;
/** What a provider's account has before it bonds. */
export const providerFunds = 100_000_000_000n;
const consumerFunds = 10_000_000_000n;
/** In the second denom. */
export const secondFunds = 7_000_000_000n;
/** So short that a test sees records go, so long that it can read them before. */
export const recordLifetimeMs = 45_000;

/** By number of the provider. */
export const liar = 4;
export const silent = 5;
export const slow = 6;
const faults = new Map([[liar, "lie"], [silent, "silent"], [slow, "slow"]] as const);
export const providerCount = 7;

/** A book for each scenario. */
export const classIds = [
  "wasm.billed", "wasm.cancel", "wasm.decline", "wasm.disputed", "wasm.failed", "wasm.foreign", "wasm.gateway", "wasm.honest", "wasm.inputs", "wasm.killed", "wasm.liar", "wasm.members", "wasm.missing", "wasm.nonsense", "wasm.orders", "wasm.premium", "wasm.raised",
  "wasm.replicated", "wasm.restart", "wasm.salts", "wasm.sealed", "wasm.seals", "wasm.self", "wasm.silent", "wasm.stages", "wasm.tacit", "wasm.together", "wasm.whole",
] as const;
/** Of refereed jobs. */
export const refereedClassIds = ["rv32.audited", "rv32.honest", "rv32.liar", "rv32.pair", "rv32.slander"] as const;
export type RefereedClass = (typeof refereedClassIds)[number];
export type ClassId = (typeof classIds)[number] | RefereedClass;

const deadlines = { salt_due: "8000", seal_due: "20000", start_due: "15000", commit_due: "15000", reveal_due: "8000", draw_due: "15000", inputs_due: "30000", record_lifetime: String(recordLifetimeMs) };

export interface Party {
  readonly address: string;
  readonly sender: Sender;
}

export interface Consumer extends Party {
  readonly name: string;
  readonly gateway: Gateway;
  readonly data: BlobServer;
  /** Holds job files with the secrets. */
  readonly folder: string;
  readonly funds: bigint;
  /** A bid for the test program; what is not said has plain values. */
  place(request: Partial<JobRequest> & Pick<JobRequest, "classId" | "inputs">): Promise<PlacedJob>;
}

export interface Ended {
  readonly job: Job;
  readonly tasks: readonly Task[];
}

export class World {
  readonly folder: string;
  readonly network: Network;
  readonly connection: Connection;
  readonly history: History;
  readonly providers: readonly Party[];
  /** Before the first transaction. */
  readonly genesisSupply: bigint;
  readonly follower: Follower;
  /** By name. */
  readonly consumers = new Map<string, Consumer>();
  readonly #faucet: Sender;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(folder: string, network: Network, connection: Connection, history: History, genesisSupply: bigint, providers: readonly Party[], faucet: Sender) {
    this.folder = folder;
    this.network = network;
    this.connection = connection;
    this.history = history;
    this.genesisSupply = genesisSupply;
    this.follower = new Follower(connection);
    history.onBlock((height, events) => this.follower.follow(height, events));
    this.providers = providers;
    this.#faucet = faucet;
  }

  /** With the first so many providers, of which the first four are honest; parameters of disputes and of the market, and what providers have beyond their asks, as given. */
  static async start(count = providerCount, disputes: object = {}, market: object = {}, extra: (index: number) => Partial<ProviderTerms> = () => ({})): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), "dcm-market-"));
    let network: Network | undefined;
    try {
      network = await Network.start({ chainId, validators: 1, providers: count, timings: { commitMs: 300 } }, {
        folder,
        builder: dcmHomes({
          provider: (index) => ({ price: 1_000_000n, units: 1, bond, ...(faults.has(index as never) ? { fault: faults.get(index as never)! } : {}), ...extra(index) }),
          genesis: (doc) => {
            const { market: section, dispute } = doc.app_state as { market: { params: [{ params: Record<string, unknown> }]; classes: { id: string }[] }; dispute: { params: object } };
            Object.assign(section.params[0].params, deadlines, market);
            Object.assign(dispute.params, { jury_size: 1, evidence_due: "1000", appeal_due: "4000", commit_due: "15000", reveal_due: "15000", ...disputes });
            const core = section.classes.find(({ id }) => id === "wasm.core")!;
            section.classes = [...classIds.map((id) => ({ ...core, id, max_lot_ms: "1000" })), ...refereedClassIds.map((id) => ({ ...core, id, runtimes: ["rv32"], max_lot_ms: "1000" })), ...section.classes].sort((a, b) => (a.id < b.id ? -1 : 1));
          },
        }),
      });
      const connection = await connect(network.validators[0]!.rpcAddress);
      const history = new History(network.validators[0]!);
      const sender = async (wallet: DirectSecp256k1HdWallet): Promise<Sender> => Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice });
      const providers: Party[] = [];
      for (const { plan } of network.providers) {
        const one = await sender(await operatorWallet(folder, plan.name));
        providers.push({ address: one.address, sender: one });
      }
      const { value } = await connection.query.queryAbci("/cosmos.bank.v1beta1.Query/SupplyOf", QuerySupplyOfRequest.encode({ denom }).finish(), 1);
      const genesisSupply = BigInt(QuerySupplyOfResponse.decode(value).amount!.amount);
      const world = new World(folder, network, connection, history, genesisSupply, providers, await sender(await personaWallet(folder, "faucet")));
      history.start();
      await world.until("all providers offer", async () => (await connection.query.market.asks({ classId: "wasm.core", quoteDenom: denom })).asks.length === count);
      return world;
    } catch (error) {
      await network?.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.history.stop();
    this.connection.close();
    await this.network.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Polls until `reached` gives something that is not false or undefined. Rejects, naming `what`, after the timeout. */
  async until<T>(what: string, reached: () => Promise<T | false | undefined>, timeoutMs = 60_000): Promise<T> {
    for (const end = Date.now() + timeoutMs; ; ) {
      const found = await reached();
      if (found !== false && found !== undefined) return found;
      if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms.\n${this.network.nodes.map((node) => node.tail(1_000)).join("\n")}`);
      await sleep(100);
    }
  }

  worker(index: number): NetworkNode {
    return this.network.node(`provider-${index}`);
  }

  address(index: number): string {
    return this.providers[index]!.address;
  }

  /** Puts an ask of provider `index` into the scenario's book; gives its id. */
  async offer(index: number, classId: ClassId, price: bigint, units = 1, quoteDenom: string = denom, more: Partial<AskTerms> = {}): Promise<bigint> {
    return ensureAsk(this.connection, this.providers[index]!.sender, { classId, quoteDenom, price, units, ...more });
  }

  /** A funded account with a gateway that serves its jobs. */
  async consumer(name: string, withhold: GatewayOptions["withhold"] = {}): Promise<Consumer> {
    const { address, sender, funds } = await this.account();
    return this.gateway(name, { address, sender }, funds, withhold);
  }

  /** A funded account. */
  async account(): Promise<Party & { readonly mnemonic: string; readonly funds: bigint }> {
    const wallet = await DirectSecp256k1HdWallet.generate(12, { prefix: prefixes.account });
    const { address } = (await wallet.getAccounts())[0]!;
    await this.#faucet.send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: this.#faucet.address, toAddress: address, amount: [{ denom, amount: String(consumerFunds) }, { denom: secondDenom, amount: String(secondFunds) }] } });
    const sender = await Sender.create({ connection: this.connection, signer: wallet, address, chainId, gasPrice });
    return { address, sender, mnemonic: wallet.mnemonic, funds: consumerFunds };
  }

  async gateway(name: string, { address, sender }: Party, funds: bigint, withhold: GatewayOptions["withhold"] = {}): Promise<Consumer> {
    const folder = join(this.folder, "consumers", name);
    const blobs = await BlobStore.open({ directory: join(folder, "blobs") });
    const data = await serveBlobs(blobs, { host: "127.0.0.1", port: 0 });
    const gateway = new Gateway({ connection: this.connection, sender, blobs, dataUrl: data.url, directory: join(folder, "jobs"), pollMs: 200, log: () => undefined, withhold });
    gateway.start();
    this.#closers.push(() => data.close(), () => gateway.stop());
    const consumer: Consumer = {
      name, address, sender, gateway, data, folder, funds,
      place: (request) => gateway.place({
        name, quoteDenom: denom, limitPrice: 200_003n, lots: 1n, verification: "V0", program: module, durationMs: (request.lots ?? 1n) * 1_000n, maxResultSize: 1_024n, ...request,
      }),
    };
    this.consumers.set(name, consumer);
    return consumer;
  }

  /** The job once its last task ended. */
  async ended({ gateway }: Consumer, jobId: bigint, timeoutMs?: number): Promise<Ended> {
    const job = await this.until(`the end of job ${jobId}`, async () => {
      const answer = await this.connection.query.market.job({ jobId });
      return answer.job!.endedTau > 0n && answer.job;
    }, timeoutMs);
    return { job, tasks: await gateway.tasks(jobId) };
  }

  /** The replica of provider `index` in the only task of a job, once it is in `state`. */
  async replica({ gateway }: Consumer, jobId: bigint, index: number, state: ReplicaState): Promise<Replica> {
    return this.until(`provider-${index} in state ${state} in job ${jobId}`, async () => {
      const [task] = await gateway.tasks(jobId);
      return task!.replicas.find((one) => one.provider === this.address(index) && one.state === state);
    });
  }

  async balance(address: string, of: string = denom): Promise<bigint> {
    return BigInt((await this.connection.query.bank.balance(address, of)).amount);
  }

  async balanceAt(address: string, height: number, of: string = denom): Promise<bigint> {
    const { value } = await this.connection.query.queryAbci("/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address, denom: of }).finish(), height);
    return BigInt(QueryBalanceResponse.decode(value).balance?.amount ?? "0");
  }

  /** All fees of a denom so far: nobody withdraws what distribution made of them. */
  async collected(of: string = denom): Promise<bigint> {
    const height = await this.history.upToNow();
    const held = await Promise.all(["fee_collector", "distribution"].map((name) => this.balanceAt(addressText(moduleAddress(name)), height, of)));
    return held[0]! + held[1]!;
  }

  async supply(): Promise<bigint> {
    return BigInt((await this.connection.query.bank.supplyOf(denom)).amount);
  }
}

/** What became of each replica of a task, in order; providers by number. */
export function seen(world: World, task: Task): { provider: number; state: ReplicaState; round: number; paid: bigint; slashed: bigint }[] {
  return task.replicas.map(({ provider, state, round, paid, slashed }) => ({ provider: world.providers.findIndex(({ address }) => address === provider), state, round, paid: BigInt(paid), slashed: BigInt(slashed) }));
}
