/**
 * The receipt of a job: who did what in which transaction, at which height, for how much. Read back from the chain, block by block, not
 * from memory: whoever has a node gets the same one.
 */
import { sha256 } from "../chain/codec/hash.ts";
import { toHex } from "../chain/codec/bytes.ts";
import type { Connection } from "./connection.ts";
import { readEvent } from "./chain-events.ts";
import { StageState, type Job, type Stage, type Task } from "../chain/codec/gen/dcm/market/v1/types.ts";

/** Where something happened. Without a transaction it was the chain's own doing, at the end of that block. */
export interface Step {
  readonly height: number;
  /** SHA-256 of the transaction, hexadecimal. */
  readonly txHash?: string;
}

export interface ReplicaReceipt {
  readonly provider: string;
  readonly leaseId: string;
  /** By the clearing of the book, or by a draw: of further replicas, of auditors, for a tie-break. */
  readonly by: "match" | "draw" | "audit" | "tie-break";
  readonly assigned?: Step;
  readonly started?: Step;
  readonly committed?: Step;
  readonly revealed?: Step;
  /** Missed something or was in the minority. */
  readonly out?: Step;
  /** Last known: `revealed`, `out` ... */
  readonly state: string;
  /** Amounts in the job's denom, stake and slash in the bond denom. */
  readonly stake: string;
  readonly paid: string;
  readonly slashed: string;
}

export interface TaskReceipt {
  readonly index: number;
  readonly id: string;
  /** `final`, or `closed` with the chain's reason number. */
  readonly state: string;
  readonly closeReason?: number;
  /** For one lot. */
  readonly price: string;
  readonly lots: string;
  readonly matched?: Step;
  readonly ended?: Step;
  /** Of a final task: SHA-256 of the result in clear, its bytes, weighted instructions. */
  readonly result?: { readonly digest: string; readonly size: string; readonly meter: string };
  readonly replicas: readonly ReplicaReceipt[];
}

export interface StageReceipt {
  readonly index: number;
  readonly firstTask: number;
  readonly tasks: number;
  /** Stages that it waited for. */
  readonly after: readonly number[];
  /** `final`, `closed` ... */
  readonly state: string;
  /** When the stages before it were final, and the consumer supplied its inputs. */
  readonly ready?: Step;
  readonly supplied?: Step;
  readonly opened?: Step;
  /** When all its tasks were final, or the first of them closed. */
  readonly ended?: Step;
}

/** A provider's stake, or a part of it, taken. */
export interface PenaltyReceipt extends Step {
  readonly task: string;
  readonly provider: string;
  /** `minority`, `reveal_missed`, `commit_missed`, `start_missed`, `declined`, `disproved`, `audit_refuted`. */
  readonly reason: string;
  /** Of its bond: amount = toProvers + toConsumer + burned. */
  readonly amount: string;
  readonly toProvers: string;
  readonly toConsumer: string;
  readonly burned: string;
}

export interface TransactionReceipt extends Step {
  readonly txHash: string;
  readonly sender: string;
  /** Message names, e.g. `StartTask`; of a session key's transactions those that it sent for its owner. */
  readonly messages: readonly string[];
  readonly fee: string;
}

export interface Receipt {
  readonly chainId: string;
  readonly job: string;
  readonly consumer: string;
  readonly classId: string;
  readonly denom: string;
  readonly bid?: Step;
  /** Salts that the consumer revealed for draws. */
  readonly salts: readonly (Step & { readonly draws: number })[];
  /** Job keys that it sealed to providers. */
  readonly seals: readonly (Step & { readonly providers: readonly string[] })[];
  /** None where the job has no stages. */
  readonly stages: readonly StageReceipt[];
  readonly tasks: readonly TaskReceipt[];
  readonly penalties: readonly PenaltyReceipt[];
  /** deposited = paid + refunded + fees + burned + held; the storage deposit comes back with the records. */
  readonly escrow: { readonly deposited: string; readonly paid: string; readonly refunded: string; readonly fees: string; readonly burned: string; readonly held: string; readonly storageDeposit: string };
  /** Every transaction that touched the job, in order. */
  readonly transactions: readonly TransactionReceipt[];
}

export interface ReceiptRequest {
  readonly connection: Connection;
  readonly chainId: string;
  readonly job: Job;
  readonly stages: readonly Stage[];
  readonly tasks: readonly Task[];
  /** Heights to read, both included: from the bid's to the present one. Blocks behind the job's last payment are not asked for. */
  readonly from: number;
  readonly to: number;
  /** Hears of the last height that was read. */
  readonly onRead?: (height: number) => void;
}

type Attributes = Readonly<Record<string, string>>;
interface Happened extends Step {
  readonly type: string;
  readonly attributes: Attributes;
}

const prefix = "dcm.market.v1.Event";
/** Blocks asked for at a time. */
const parallel = 8;

export async function receiptOf(request: ReceiptRequest): Promise<Receipt> {
  const { chainId, job, stages, tasks } = request;
  const { happened, transactions } = await readBlocks(request);
  const stepOf = ({ height, txHash }: Step): Step => (txHash === undefined ? { height } : { height, txHash });
  const first = (type: string, wanted: Attributes): { step?: Step } => {
    const found = happened.find((one) => one.type === type && Object.entries(wanted).every(([key, value]) => one.attributes[key] === value));
    return found === undefined ? {} : { step: stepOf(found) };
  };
  const named = <K extends string>(name: K, { step }: { step?: Step }): Partial<Record<K, Step>> => (step === undefined ? {} : ({ [name]: step } as Record<K, Step>));
  const seals = new Map<string, { step: Step; providers: string[] }>();
  for (const one of happened.filter(({ type }) => type === "KeySealed")) {
    const seal = seals.get(one.txHash ?? "") ?? { step: stepOf(one), providers: [] };
    seal.providers.push(one.attributes["provider"] ?? "");
    seals.set(one.txHash ?? "", seal);
  }
  return {
    chainId, job: String(job.id), consumer: job.consumer, classId: job.classId, denom: job.quoteDenom,
    ...named("bid", first("BidPlaced", {})),
    salts: happened.filter(({ type }) => type === "SaltRevealed").map((one) => ({ ...stepOf(one), draws: Number(one.attributes["draws"]) })),
    seals: [...seals.values()].map(({ step, providers }) => ({ ...step, providers })),
    stages: stages.map(({ index, firstTask, tasks: count, state }) => {
      const at = (type: string): { step?: Step } => first(type, { stage: String(index) });
      return {
        index, firstTask, tasks: count, after: job.spec!.stages[index]!.after, state: stageWord(state),
        ...named("ready", at("StageReady")), ...named("supplied", at("StageInputsSupplied")), ...named("opened", at("StageOpened")), ...named("ended", at(state === StageState.STAGE_STATE_FINAL ? "StageFinal" : "StageClosed")),
      };
    }),
    tasks: tasks.map((task) => {
      const id = String(task.id);
      const ended = task.closeReason === 0 ? "final" : "closed";
      return {
        index: task.index, id, state: ended, ...(task.closeReason === 0 ? {} : { closeReason: task.closeReason }), price: String(task.price), lots: String(task.lots),
        ...named("matched", matchOf(happened, id)),
        ...named("ended", first("TaskChanged", { task_id: id, state: ended })),
        ...(task.result === undefined ? {} : { result: { digest: toHex(task.result.digest), size: String(task.result.size), meter: String(task.result.meter) } }),
        replicas: replicasOf(happened, id).map((last) => {
          const at = (state: string): { step?: Step } => first("ReplicaChanged", { task_id: id, provider: last["provider"]!, lease_id: last["lease_id"]!, state });
          const draw = drawsByRound[last["round"]!] ?? "draw";
          return {
            provider: last["provider"]!, leaseId: last["lease_id"]!, by: drawnLease(happened, last["lease_id"]!) ? draw : "match",
            ...named("assigned", at("sealing").step === undefined ? at("assigned") : at("sealing")), ...named("started", at("running")), ...named("committed", at("committed")), ...named("revealed", at("revealed")), ...named("out", at("out")),
            state: last["state"]!, stake: last["stake"]!, paid: last["paid"]! || "0", slashed: last["slashed"]! || "0",
          };
        }),
      };
    }),
    penalties: happened.filter(({ type }) => type === "ProviderPenalized").map((one) => penaltyOf(stepOf(one), one.attributes)),
    escrow: (({ deposited, paid, refunded, fees, burned, held, storageDeposit }) => ({ deposited, paid, refunded, fees, burned, held, storageDeposit }))(job.escrow!),
    transactions,
  };
}

/** What a draw of this round is for; auditors that missed are replaced in a round of their own. */
const drawsByRound: Readonly<Record<string, ReplicaReceipt["by"]>> = { 0: "draw", 1: "tie-break", 2: "audit", 3: "audit" };

function stageWord(state: StageState): string {
  const [name] = Object.entries(StageState).find(([, number]) => number === state) ?? [String(state)];
  return name.replace("STAGE_STATE_", "").toLowerCase();
}

function penaltyOf(step: Step, said: Attributes): PenaltyReceipt {
  const [amount, toProvers, toConsumer] = [said["amount"]!, said["to_provers"]!, said["to_consumer"]!];
  return { ...step, task: said["task_id"]!, provider: said["provider"]!, reason: said["reason"]!, amount, toProvers, toConsumer, burned: String(BigInt(amount) - BigInt(toProvers) - BigInt(toConsumer)) };
}

/** A task that is not replicated is assigned at once. */
function matchOf(happened: readonly Happened[], task: string): { step?: Step } {
  const found = happened.find(({ type, attributes }) => type === "TaskChanged" && attributes["task_id"] === task && ["matched", "assigned"].includes(attributes["state"]!));
  return found === undefined ? {} : { step: { height: found.height } };
}

/** Of each replica that the task ever had, what was last said of it, with the stake that it had (a settled one has none); in the order in which they came. */
function replicasOf(happened: readonly Happened[], task: string): Attributes[] {
  const last = new Map<string, Attributes>();
  for (const { type, attributes } of happened) {
    if (type !== "ReplicaChanged" || attributes["task_id"] !== task) continue;
    const key = `${attributes["provider"]} ${attributes["lease_id"]}`;
    const stakes = [last.get(key)?.["stake"], attributes["stake"]].map((stake) => BigInt(stake ?? 0));
    last.set(key, { ...attributes, stake: String(stakes[0]! > stakes[1]! ? stakes[0] : stakes[1]) });
  }
  return [...last.values()];
}

function drawnLease(happened: readonly Happened[], lease: string): boolean {
  return happened.some(({ type, attributes }) => type === "LeaseCreated" && attributes["lease_id"] === lease && attributes["drawn"] === "true");
}

/** What the blocks say about the job, in the order in which it happened. */
async function readBlocks({ connection, job, from, to, onRead }: ReceiptRequest): Promise<{ happened: Happened[]; transactions: TransactionReceipt[] }> {
  const happened: Happened[] = [];
  const transactions: TransactionReceipt[] = [];
  const id = String(job.id);
  for (let low = from; low <= to; low += parallel) {
    const heights = Array.from({ length: Math.min(parallel, to - low + 1) }, (_, i) => low + i);
    const blocks = await Promise.all(heights.map((height) => connection.comet.blockResults(height)));
    for (const { height, results, finalizeBlockEvents } of blocks) {
      const ours = results.map(({ events }) => events.map(readEvent).filter(({ type, attributes }) => type.startsWith(prefix) && attributes["job_id"] === id));
      const txs = ours.some((events) => events.length > 0) ? (await connection.comet.block(height)).block.txs : [];
      for (const [index, events] of ours.entries()) {
        if (events.length === 0) continue;
        const txHash = toHex(sha256(txs[index]!)).toUpperCase();
        happened.push(...events.map(({ type, attributes }) => ({ height, txHash, type: type.slice(prefix.length), attributes })));
        transactions.push({ height, txHash, ...describe(results[index]!.events.map(readEvent)) });
      }
      for (const { type, attributes } of finalizeBlockEvents.map(readEvent)) {
        if (type.startsWith(prefix) && attributes["job_id"] === id) happened.push({ height, type: type.slice(prefix.length), attributes });
      }
    }
    if (happened.some(({ type, attributes }) => type === "EscrowSettled" && attributes["held"] === "0")) break;
    onRead?.(heights.at(-1)!);
  }
  return { happened, transactions };
}

function describe(events: readonly { readonly type: string; readonly attributes: Attributes }[]): Omit<TransactionReceipt, "height" | "txHash"> {
  const messages = events.filter(({ type, attributes }) => type === "message" && attributes["action"] !== undefined);
  return {
    sender: messages[0]?.attributes["sender"] ?? "",
    messages: messages.flatMap(({ attributes }, i) => (attributes["action"]!.endsWith(".MsgExecSession") ? carried(events, i) : [attributes["action"]!])).map((typeUrl) => typeUrl.split(".").at(-1)!.replace(/^Msg/, "")),
    fee: events.find(({ type, attributes }) => type === "tx" && attributes["fee"] !== undefined)?.attributes["fee"] ?? "",
  };
}

/** What the message with this index carried for its owner. */
function carried(events: readonly { readonly type: string; readonly attributes: Attributes }[], index: number): string[] {
  return events.find(({ type, attributes }) => type === "dcm.session.v1.EventSessionUsed" && attributes["msg_index"] === String(index))?.attributes["messages"]?.split(",") ?? [];
}
