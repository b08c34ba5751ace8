/**
 * What a provider owes others: it looks at the instances that it was drawn for, once a round, at a moment that nobody can foresee, and reports what it saw. It decides by what the
 * chain says it owes, so it may be killed at any point and started again.
 */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import type { ProbeTask } from "../../chain/codec/gen/dcm/market/v1/query.ts";
import { words } from "../agent/agent.ts";

export interface ProberOptions {
  readonly connection: Connection;
  readonly sender: Sender;
  /** Whose reports are owed; here the sender's own account. */
  readonly provider: string;
  readonly pollMs: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

export interface Sight {
  readonly available: boolean;
  /** 0 where it did not answer. */
  readonly latencyMs: bigint;
}

const down: Sight = { available: false, latencyMs: 0n };
/** Beyond what the terms allow, so that an answer that is just too late is seen as such. */
const patienceMs = 1_000;
/** Left for the report to come into a block. */
const reportMs = 5_000;
/** Probes that run at a time. */
const maxRunning = 32;
const stopGraceMs = 5_000;

/** Asks an instance for its health. Redirects are not followed: a provider must not send others to places of its choice. */
export async function look(endpoint: string | undefined, instanceId: bigint, timeoutMs: number, stop?: AbortSignal): Promise<Sight> {
  const target = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (target === undefined || !["http:", "https:"].includes(target.protocol) || target.username !== "" || target.search !== "" || target.hash !== "") return down;
  target.pathname = `${target.pathname.replace(/\/+$/, "")}/instances/${instanceId}/health`;
  const timeout = AbortSignal.timeout(timeoutMs);
  const began = performance.now();
  try {
    const response = await fetch(target, { redirect: "error", signal: stop === undefined ? timeout : AbortSignal.any([timeout, stop]) });
    const latencyMs = BigInt(Math.ceil(performance.now() - began));
    await response.body?.cancel();
    return response.status === 200 ? { available: true, latencyMs } : down;
  } catch {
    // A worker that is stopped has seen nothing.
    stop?.throwIfAborted();
    return down;
  }
}

export class Prober {
  readonly #options: ProberOptions;
  /** Each round that is owed, and when it is looked at, by this machine's clock. */
  readonly #plans = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the reports that are on their way, or some seconds. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    const grace = new AbortController();
    await Promise.race([Promise.allSettled(this.#running.values()), sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#turn();
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#options.log("the node did not say which probes are owed; trying again", { error: words(error) });
      }
      await sleep(this.#options.pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #turn(): Promise<void> {
    const owed = new Set<string>();
    for await (const [task, tau] of this.#owed()) {
      const key = `${task.instanceId}/${task.round}`;
      owed.add(key);
      if (this.#running.has(key)) continue;
      const at = this.#plans.get(key) ?? momentOf(task, tau);
      this.#plans.set(key, at);
      if (Date.now() < at || this.#running.size >= maxRunning) continue;
      // A probe that fails is planned anew, while it is owed.
      this.#plans.delete(key);
      const done = this.#probe(task).catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#options.log("a probe was not reported", { instance: String(task.instanceId), round: String(task.round), error: words(error) });
      });
      this.#running.set(key, done.finally(() => this.#running.delete(key)));
    }
    for (const key of this.#plans.keys()) if (!owed.has(key)) this.#plans.delete(key);
  }

  async *#owed(): AsyncGenerator<readonly [ProbeTask, bigint]> {
    let key: Uint8Array = new Uint8Array(0);
    do {
      const page = await this.#options.connection.query.market.probes({ prober: this.#options.provider, pagination: { key, offset: 0n, limit: 200n, countTotal: false, reverse: false } });
      for (const task of page.probes) yield [task, page.tau];
      key = page.pagination?.nextKey ?? new Uint8Array(0);
    } while (key.length > 0 && !this.#stop.signal.aborted);
  }

  async #probe({ instanceId, provider, round, maxLatencyMs }: ProbeTask): Promise<void> {
    const { connection, sender } = this.#options;
    const found = await connection.query.providers.provider({ operator: provider });
    const sight = await look(found.provider?.profile?.endpoints[0], instanceId, Number(maxLatencyMs) + patienceMs, this.#stop.signal);
    await sender.send({ typeUrl: "/dcm.market.v1.MsgReportProbe", value: { prober: sender.address, instanceId, round, ...sight } });
  }
}

/** Any moment of what is left of the round, but for the time that the look and its report may take, at most half of it. */
function momentOf({ dueTau, maxLatencyMs }: ProbeTask, tau: bigint): number {
  const left = Math.min(Math.max(0, Number(dueTau - tau)), 2 ** 40);
  const needed = Math.min(left / 2, Number(maxLatencyMs) + patienceMs + reportMs);
  return Date.now() + randomInt(0, Math.max(1, Math.floor(left - needed)));
}
