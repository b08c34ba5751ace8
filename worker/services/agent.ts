/**
 * A provider's services: starts the instances that the chain gave to it, lets them answer calls for as long as their leases live, collects what they earn. As the agent of
 * tasks it decides by what the chain says, so it may be killed at any point and started again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { InstanceState, type Instance } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { words } from "../agent/agent.ts";
import { InputUnavailable, loadService } from "../agent/load.ts";
import type { Host } from "./host.ts";

export interface ServiceAgentOptions {
  readonly connection: Connection;
  readonly sender: Sender;
  /** The provider that it works for; here the sender's own account. */
  readonly provider: string;
  /** X25519 secret of the provider's encryption key. */
  readonly encryptionSecret: Uint8Array;
  readonly host: Host;
  readonly pollMs: number;
  /** How often what was earned is collected, in milliseconds. An hour where not given; the end of a lease pays by itself. */
  readonly settleMs?: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

const { INSTANCE_STATE_PENDING, INSTANCE_STATE_SEALING } = InstanceState;
const firstPauseMs = 500;
const longestPauseMs = 10_000;
const stopGraceMs = 5_000;

export class ServiceAgent {
  readonly #options: ServiceAgentOptions;
  readonly #busy = new Map<bigint, Promise<void>>();
  readonly #failed = new Map<bigint, { readonly until: number; readonly pauseMs: number }>();
  /** When each was last settled, by this machine's clock. */
  readonly #settled = new Map<bigint, number>();
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: ServiceAgentOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the transactions that are on their way, or some seconds. The leases go on: start again soon, or give notice. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    const grace = new AbortController();
    await Promise.race([Promise.allSettled(this.#busy.values()), sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
    for (const id of this.#options.host.ids) this.#options.host.close(id);
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#options.log("the node did not answer; trying again", { error: words(error) });
      }
      await sleep(this.#options.pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Each instance one step further; those that are not ours any more answer no more. */
  async #look(): Promise<void> {
    const { host, log } = this.#options;
    const ours = new Set<bigint>();
    for await (const instance of this.#instances()) {
      ours.add(instance.id);
      this.#step(instance);
    }
    for (const id of host.ids) {
      if (ours.has(id)) continue;
      host.close(id);
      this.#settled.delete(id);
      log("an instance ended", { instance: String(id) });
    }
  }

  async *#instances(): AsyncGenerator<Instance> {
    let key: Uint8Array = new Uint8Array(0);
    do {
      const page = await this.#options.connection.query.market.instances({ provider: this.#options.provider, pagination: { key, offset: 0n, limit: 200n, countTotal: false, reverse: false } });
      for (const view of page.instances) yield view.instance!;
      key = page.pagination?.nextKey ?? new Uint8Array(0);
    } while (key.length > 0 && !this.#stop.signal.aborted);
  }

  #step(instance: Instance): void {
    const { id } = instance;
    const failed = this.#failed.get(id);
    if (this.#busy.has(id) || (failed !== undefined && Date.now() < failed.until)) return;
    const step = this.#next(instance);
    if (step === undefined) return;
    const done = step().then(
      () => void this.#failed.delete(id),
      (error: unknown) => {
        if (this.#stop.signal.aborted) return;
        const pauseMs = Math.min(longestPauseMs, failed === undefined ? firstPauseMs : 2 * failed.pauseMs);
        if (this.#failed.size >= 10_000) this.#failed.clear();
        this.#failed.set(id, { until: Date.now() + pauseMs, pauseMs });
        this.#options.log("a step of an instance failed; trying again", { instance: String(id), error: words(error) });
      },
    );
    this.#busy.set(id, done.finally(() => this.#busy.delete(id)));
  }

  #next(instance: Instance): (() => Promise<void>) | undefined {
    const { host, settleMs = 3_600_000 } = this.#options;
    if (instance.state === INSTANCE_STATE_SEALING) return undefined;
    if (instance.state === INSTANCE_STATE_PENDING) return () => this.#begin(instance);
    if (!host.has(instance.id)) return () => this.#load(instance);
    const last = this.#settled.get(instance.id) ?? Date.now();
    this.#settled.set(instance.id, last);
    return Date.now() - last < settleMs ? undefined : () => this.#settle(instance);
  }

  /**
   * A consumer that withholds its program must not make the provider miss the start: it starts all the same, the capacity is there and is paid, and the program is looked
   * for again and again.
   */
  async #begin(instance: Instance): Promise<void> {
    const { sender, provider, log } = this.#options;
    await this.#load(instance).catch((error: unknown) => {
      if (!(error instanceof InputUnavailable)) throw error;
      log("starting an instance without its program, which is not to be had", { instance: String(instance.id), error: error.message });
    });
    await sender.send({ typeUrl: "/dcm.market.v1.MsgStartService", value: { worker: sender.address, provider, instanceId: instance.id } });
    log("started an instance", { instance: String(instance.id) });
  }

  async #load(instance: Instance): Promise<void> {
    const { connection, host } = this.#options;
    const { service } = await connection.query.market.service({ serviceId: instance.serviceId });
    const { class: capacity } = await connection.query.market.class({ classId: service!.classId });
    const { program, key } = await loadService({ ...this.#options, signal: this.#stop.signal }, service!).catch((error: unknown) => {
      if (error instanceof InputUnavailable) host.lacksProgram(instance.id);
      throw error;
    });
    host.open(instance.id, service!, capacity!, program, key);
  }

  async #settle({ id }: Instance): Promise<void> {
    const { sender } = this.#options;
    this.#settled.set(id, Date.now());
    await sender.send({ typeUrl: "/dcm.market.v1.MsgSettleService", value: { signer: sender.address, instanceId: id } });
  }
}
