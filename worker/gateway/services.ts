/**
 * The consumer's side of a service while it lives: offers the program, places the bid, seals the service key to each provider that got an instance, tops instances up
 * that run short, calls them. It acts on what the chain says, so it may be restarted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import { callToken, encodeWasmArguments, type WasmArguments } from "../../client/protocol.ts";
import { allPages } from "../../client/pages.ts";
import { TxFailed, type Sender, type Sent } from "../../client/sender.ts";
import { fromHex, toHex } from "../../chain/codec/bytes.ts";
import { MsgCloseServiceResponse, MsgPlaceServiceBidResponse } from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import { InstanceState, Term, TimeInForce, type Service, type ServiceAcceptance, type Sla } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import type { InstanceView } from "../../chain/codec/gen/dcm/market/v1/query.ts";
import type { BlobStore } from "../data/store.ts";
import { generateKeyPair, newJobKey, sealBlob, sealKey } from "../seal/index.ts";
import { JobFiles, type JobFile } from "./job-files.ts";

export interface ServiceRequest {
  readonly name: string;
  readonly classId: string;
  readonly quoteDenom: string;
  /** All-in, for one lot, in the quote denom. */
  readonly limitPrice: bigint;
  /** Prefunded for each instance. */
  readonly lots: bigint;
  readonly program: Uint8Array;
  readonly arguments?: WasmArguments;
  readonly instances?: number;
  /** Weighted instructions that one call may use. */
  readonly requestMeter: bigint;
  readonly maxRequestSize: bigint;
  readonly maxResponseSize: bigint;
  /** The notice that providers must give, in milliseconds; by default the least. */
  readonly reclaimNotice?: bigint;
  /** True accepts providers that reclaim for nothing. */
  readonly preemptible?: boolean;
  readonly timeInForce?: "GTT" | "IOC" | "FOK";
  /** What its instances are held to. Without it nobody probes them. */
  readonly sla?: Sla;
  /** Holds a part of what streams back, a period at a time, until it can be disputed no more. Without it all is paid at once. */
  readonly acceptance?: { readonly windowMs: bigint; readonly periodMs: bigint; readonly heldBps: number; readonly providerShareBps?: number };
  readonly costTags?: Readonly<Record<string, string>>;
  /** Spends the money of this organization, of which the consumer is a member that may; cost tags choose among its budgets. */
  readonly organization?: string;
}

/** When and with how much instances are topped up by themselves. */
export interface TopUpPlan {
  /** As soon as what is left lasts for less. */
  readonly belowMs: bigint;
  readonly amount: bigint;
  /** Whose money it is; by default the consumer's own. */
  readonly organization?: string;
}

export interface PlacedService {
  readonly id: bigint;
  readonly sent: Sent;
  readonly escrow: bigint;
  readonly storageDeposit: bigint;
}

export interface Answer {
  /** 200: the program ended by itself. See the worker's README for others. */
  readonly status: number;
  readonly exitCode: number;
  /** Weighted instructions that the call took. */
  readonly meter: bigint;
  readonly body: Uint8Array;
}

export interface ServiceGatewayOptions {
  readonly connection: Connection;
  readonly sender: Sender;
  readonly blobs: BlobStore;
  /** The base URL under which `blobs` is reached by providers. */
  readonly dataUrl: string;
  readonly directory: string;
  readonly pollMs: number;
  readonly log: (message: string, fields?: Record<string, unknown>) => void;
}

const stopGraceMs = 5_000;
const callMs = 60_000;
const { INSTANCE_STATE_SEALING, INSTANCE_STATE_RUNNING, INSTANCE_STATE_GRACE, INSTANCE_STATE_RECLAIMING } = InstanceState;
const answers: readonly InstanceState[] = [INSTANCE_STATE_RUNNING, INSTANCE_STATE_GRACE, INSTANCE_STATE_RECLAIMING];

function acceptanceOf({ acceptance }: ServiceRequest): ServiceAcceptance | undefined {
  if (acceptance === undefined) return undefined;
  const { windowMs: window, periodMs: period, heldBps, providerShareBps = 0 } = acceptance;
  return { window, period, heldBps, providerShareBps };
}

export class ServiceGateway {
  readonly #options: ServiceGatewayOptions;
  readonly #files: JobFiles;
  readonly #live = new Map<bigint, JobFile>();
  readonly #plans = new Map<bigint, TopUpPlan>();
  readonly #busy = new Map<bigint, Promise<void>>();
  /** Bids that are on their way. */
  readonly #placing = new Set<string>();
  #orphans = true;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: ServiceGatewayOptions) {
    this.#options = options;
    this.#files = new JobFiles(options.directory);
    for (const file of this.#files.all()) if (/^\d+$/.test(file.id)) this.#live.set(BigInt(file.id), file);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends after the transactions that are on their way, or some seconds. What runs goes on, and is not topped up meanwhile. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    const grace = new AbortController();
    await Promise.race([Promise.allSettled(this.#busy.values()), sleep(stopGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
  }

  /** Puts the program where providers can fetch it and sends the bid. Resolves when the bid is in a block. */
  async place(request: ServiceRequest): Promise<PlacedService> {
    const { sender, blobs, dataUrl } = this.#options;
    const keys = generateKeyPair();
    const serviceKey = newJobKey();
    const sealed = sealBlob(serviceKey, request.program);
    const program = { digest: await blobs.put(sealed), size: BigInt(sealed.length) };
    const file: JobFile = { id: "", name: request.name, jobKey: toHex(serviceKey), consumerSecret: toHex(keys.secretKey), saltSecret: "", saltLength: 0, consumerKey: toHex(keys.publicKey) };
    const value = {
      consumer: sender.address, payer: "", organization: request.organization ?? "", costTags: Object.entries(request.costTags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, tag]) => ({ key, value: tag })),
      classId: request.classId, quoteDenom: request.quoteDenom, limitPrice: request.limitPrice, lots: request.lots, timeInForce: TimeInForce[`TIME_IN_FORCE_${request.timeInForce ?? "GTT"}`],
      term: request.preemptible === true ? Term.TERM_PREEMPTIBLE : Term.TERM_SPOT, expiresTau: 0n, profileId: 0, minColocated: 0, reclaimNotice: request.reclaimNotice ?? 0n, sla: request.sla, acceptance: acceptanceOf(request),
      service: {
        program, instances: request.instances ?? 1, dataUrls: [dataUrl], requestMeter: request.requestMeter, maxRequestSize: request.maxRequestSize, maxResponseSize: request.maxResponseSize,
        consumerKey: keys.publicKey, arguments: encodeWasmArguments(request.arguments ?? {}),
      },
    };
    return this.#bid(file, value);
  }

  /** Keeps what a bid needs as a draft and sends it; as long as the draft lies on disk it counts as being placed. A refused one leaves nothing behind; one of unknown fate is looked for on chain. */
  async #bid(file: JobFile, value: object): Promise<PlacedService> {
    const draft = `draft-${file.consumerKey.slice(0, 16)}`;
    this.#placing.add(draft);
    try {
      this.#files.write(draft, file);
      const sent = await this.#options.sender.send({ typeUrl: "/dcm.market.v1.MsgPlaceServiceBid", value });
      const { serviceId, escrow, storageDeposit } = MsgPlaceServiceBidResponse.decode(sent.response?.value ?? new Uint8Array(0));
      this.#settle(draft, file, serviceId);
      return { id: serviceId, sent, escrow: BigInt(escrow), storageDeposit: BigInt(storageDeposit) };
    } catch (error) {
      if (error instanceof TxFailed) this.#files.drop(draft);
      else this.#orphans = true;
      throw error;
    } finally {
      this.#placing.delete(draft);
    }
  }

  #settle(draft: string, file: JobFile, id: bigint): void {
    this.#files.settle(draft, String(id));
    this.#live.set(id, { ...file, id: String(id) });
  }

  /** From now on its instances are topped up by themselves, while this gateway runs; undefined ends that. */
  keep(id: bigint, plan: TopUpPlan | undefined): void {
    if (plan === undefined) this.#plans.delete(id);
    else this.#plans.set(id, plan);
  }

  /** All instances of a service, in order, as they are now. */
  instances(serviceId: bigint): Promise<InstanceView[]> {
    return allPages((pagination) => this.#options.connection.query.market.instances({ serviceId, pagination }), (page) => page.instances);
  }

  /** Resolves when an instance of the service answers; rejects after the timeout, with the states that they were in. */
  async running(serviceId: bigint, timeoutMs = 120_000): Promise<InstanceView> {
    for (const end = Date.now() + timeoutMs; ; ) {
      const all = await this.instances(serviceId);
      const found = all.find(({ instance }) => answers.includes(instance!.state));
      if (found !== undefined) return found;
      if (Date.now() > end) throw new Error(`no instance of service ${serviceId} runs after ${timeoutMs} ms; states: ${all.map(({ instance }) => instance!.state).join(", ")}`);
      await sleep(this.#options.pollMs, undefined, { signal: this.#stop.signal });
    }
  }

  /** Sends a request to an instance and gives what its program answers. */
  async call(view: InstanceView, body: Uint8Array, signal?: AbortSignal): Promise<Answer> {
    const { serviceId } = view.instance!;
    const file = this.#live.get(serviceId) ?? this.#files.find(serviceId);
    if (file === undefined) throw new Error(`the key of service ${serviceId} is not on this machine`);
    return callInstance(this.#options.connection, file, view, body, signal);
  }

  /** Money for more time. */
  async topUp(instanceId: bigint, amount: bigint, organization = ""): Promise<Sent> {
    const { sender } = this.#options;
    return sender.send({ typeUrl: "/dcm.market.v1.MsgTopUpService", value: { payer: sender.address, instanceId, amount: String(amount), organization, costTags: [] } });
  }

  /** Ends an instance; gives what came back. */
  async close(instanceId: bigint): Promise<bigint> {
    const { sender } = this.#options;
    const sent = await sender.send({ typeUrl: "/dcm.market.v1.MsgCloseService", value: { consumer: sender.address, instanceId } });
    return BigInt(MsgCloseServiceResponse.decode(sent.response?.value ?? new Uint8Array(0)).refunded);
  }

  /** Pays what is held of an instance's periods that are over and that no case decides on: one of them, or all. */
  async accept(instanceId: bigint, period = 0n): Promise<void> {
    const { sender } = this.#options;
    await sender.send({ typeUrl: "/dcm.market.v1.MsgAcceptResult", value: { consumer: sender.address, taskId: 0n, instanceId, period } });
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#orphans) await this.#adopt().catch((error: unknown) => this.#options.log("looking for the services of drafts failed; trying again", { error: words(error) }));
      for (const [id, file] of this.#live) {
        if (this.#busy.has(id)) continue;
        const served = this.#serve(id, file).catch((error: unknown) => {
          if (!this.#stop.signal.aborted) this.#options.log("looking after a service failed; trying again", { service: String(id), error: words(error) });
        });
        this.#busy.set(id, served.finally(() => this.#busy.delete(id)));
      }
      await sleep(this.#options.pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Finds the services of drafts: a gateway that was killed between its bid and the block's answer must look after it all the same. */
  async #adopt(): Promise<void> {
    const drafts = this.#files.all().filter(({ id }) => id.startsWith("draft-") && !this.#placing.has(id));
    let key: Uint8Array = new Uint8Array(0);
    while (drafts.length > 0) {
      const page = await this.#options.connection.query.market.services({ consumer: this.#options.sender.address, pagination: { key, offset: 0n, limit: 100n, countTotal: false, reverse: true } });
      for (const service of page.services) {
        const at = drafts.findIndex((draft) => draft.consumerKey === toHex(service.spec!.consumerKey));
        if (at < 0) continue;
        const [draft] = drafts.splice(at, 1);
        this.#settle(draft!.id, draft!, service.id);
      }
      key = page.pagination?.nextKey ?? new Uint8Array(0);
      if (key.length === 0) break;
    }
    this.#orphans = false;
  }

  async #serve(id: bigint, file: JobFile): Promise<void> {
    const { service } = await serviceOf(this.#options.connection, id);
    if (service === undefined || service.endedTau > 0n) {
      this.#live.delete(id);
      this.#plans.delete(id);
      return;
    }
    const all = await this.instances(id);
    await Promise.all([this.#seal(id, file, all), this.#topUp(id, all)]);
  }

  async #seal(id: bigint, file: JobFile, all: readonly InstanceView[]): Promise<void> {
    const { connection, sender, log } = this.#options;
    const waiting = [...new Set(all.filter(({ instance }) => instance!.state === INSTANCE_STATE_SEALING).map(({ instance }) => instance!.provider))].sort();
    if (waiting.length === 0) return;
    const keys = await Promise.all(waiting.slice(0, 64).map(async (provider) => {
      const found = await connection.query.providers.provider({ operator: provider });
      return { provider, sealedKey: sealKey(fromHex(file.jobKey), found.provider?.profile?.encryptionKey ?? new Uint8Array(0)) };
    }));
    await sender.send({ typeUrl: "/dcm.market.v1.MsgSealKeys", value: { consumer: sender.address, jobId: id, keys } });
    log("sealed the service key", { service: String(id), providers: keys.length });
  }

  async #topUp(id: bigint, all: readonly InstanceView[]): Promise<void> {
    const plan = this.#plans.get(id);
    if (plan === undefined) return;
    const short = all.filter(({ instance, runwayMs }) => (instance!.state === INSTANCE_STATE_RUNNING || instance!.state === INSTANCE_STATE_GRACE) && runwayMs < plan.belowMs);
    await Promise.all(short.map(({ instance }) => this.topUp(instance!.id, plan.amount, plan.organization)));
    if (short.length > 0) this.#options.log("topped up", { service: String(id), instances: short.length, amount: String(plan.amount) });
  }

}

/** As `ServiceGateway.call`, for whoever has the service's key alone. */
export async function callInstance(connection: Connection, { jobKey }: Pick<JobFile, "jobKey">, { instance }: InstanceView, body: Uint8Array, signal: AbortSignal = AbortSignal.timeout(callMs)): Promise<Answer> {
  const { id, serviceId, provider } = instance!;
  const found = await connection.query.providers.provider({ operator: provider });
  const [endpoint] = found.provider?.profile?.endpoints ?? [];
  if (endpoint === undefined) throw new Error(`provider ${provider} names no endpoint`);
  const response = await fetch(`${endpoint.replace(/\/+$/, "")}/instances/${id}`, {
    method: "POST", headers: { authorization: `Bearer ${callToken(fromHex(jobKey), id)}`, "content-type": "application/octet-stream" }, body: body as Uint8Array<ArrayBuffer>, redirect: "error", signal,
  });
  const { service } = await serviceOf(connection, serviceId);
  const most = Number(service?.spec?.maxResponseSize ?? 0n) + 1_024;
  return {
    status: response.status, exitCode: Number(response.headers.get("x-dcm-exit-code") ?? 0), meter: BigInt(response.headers.get("x-dcm-meter") ?? "0"), body: await bounded(response, most),
  };
}

/** Without its record where it was pruned. */
async function serviceOf({ query }: Connection, serviceId: bigint): Promise<{ readonly service: Service | undefined }> {
  return query.market.service({ serviceId }).catch((error: unknown) => {
    if (/does not exist or was pruned/.test(words(error))) return { service: undefined };
    throw error;
  });
}

async function bounded(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > most) throw new Error(`the provider answers with more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function words(error: unknown): string {
  if (error instanceof TxFailed) return `${error.codespace} ${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
