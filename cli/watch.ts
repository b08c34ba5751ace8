/** A job as it happens, for people: what is new line by line, and a few lines that move. */
import pc from "picocolors";
import { equalBytes } from "../chain/codec/bytes.ts";
import { ReplicaState, TaskState, type Job, type Params, type Replica, type Task } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { finalHash } from "../chain/vm/state-hash.ts";
import { closedBecause, type WaveProgress } from "../worker/gateway/run-job.ts";
import { grouped, ranges, type Screen } from "./screen.ts";

export interface WatchOptions {
  readonly screen: Screen;
  /** Of providers, by address. */
  readonly names: ReadonlyMap<string, string>;
  readonly bondDenom: string;
  /** Of the market. */
  readonly params: Pick<Params, "challengeDue" | "challengeDurations">;
  readonly onProgress?: (progress: WaveProgress) => void;
  /** Nothing was heard of the job for so long. */
  readonly onStall?: (job: Job, minutes: number) => void;
}

/** Every deadline of a localnet is shorter: there, a job of which nothing was heard for so long waits for something that does not come. */
const STALL_MS = 180_000;
const HINT_MS = 15_000;
const { REPLICA_STATE_SEALING, REPLICA_STATE_ASSIGNED, REPLICA_STATE_RUNNING, REPLICA_STATE_COMMITTED, REPLICA_STATE_REVEALED, REPLICA_STATE_OUT, REPLICA_STATE_RELEASED } = ReplicaState;
const { TASK_STATE_WAITING, TASK_STATE_OPEN, TASK_STATE_MATCHED, TASK_STATE_DRAWING, TASK_STATE_AUDITING, TASK_STATE_TIEBREAK, TASK_STATE_CHALLENGE, TASK_STATE_DISPUTE, TASK_STATE_FINAL, TASK_STATE_CLOSED } = TaskState;

/** Prints what is new, in one line for tasks of which the same is to be told, and keeps a few lines that move. */
export function watchJob({ screen, names, bondDenom, params, onProgress, onStall }: WatchOptions): (progress: WaveProgress) => void {
  const told = new Set<string>();
  let seen = "";
  let since = Date.now();
  return (progress) => {
    const { job, tasks } = progress;
    onProgress?.(progress);
    if (!told.has(`wave ${progress.wave}`) && progress.stages.length > 0) {
      told.add(`wave ${progress.wave}`);
      screen.print(`\n${pc.bold(`${progress.kind}: stage ${progress.wave + 1} of ${progress.stages.length}`)}${progress.wave === 0 ? `, ${count(tasks.length, "task")}` : `, ${count(tasks.length, "task")} that reads the results before it`}`);
    }
    const now = `${job.id} ${progress.wave} ${tasks.map((task) => `${task.state}:${task.replicas.map(({ state }) => state).join()}`).join(" ")}`;
    if (now !== seen) [seen, since] = [now, Date.now()];
    const quietMs = Date.now() - since;
    if (quietMs > STALL_MS && onStall !== undefined) return onStall(job, STALL_MS / 60_000);
    if (quietMs > HINT_MS && !told.has(`quiet ${progress.wave}`) && tasks.every(({ replicas, state }) => replicas.length === 0 && state === TASK_STATE_OPEN)) {
      told.add(`quiet ${progress.wave}`);
      screen.paragraph(pc.yellow(`  no match yet: ${names.size < job.k ? `verification with ${job.k} replicas takes ${job.k} providers, there is ${names.size}` : `no provider that has not missed or declined it offers enough free units at or below the bid's price; dcm job ${job.id} tells more`}`), 2);
    }
    const news = new Map<string, number[]>();
    for (const task of tasks) {
      for (const [key, text] of newsOf(task, { quoteDenom: job.quoteDenom, bondDenom, names, live: screen.live, challengeMs: challengeMs(job, params), sealed: job.spec!.consumerKey.length > 0 })) {
        if (told.has(`${task.id} ${key}`)) continue;
        told.add(`${task.id} ${key}`);
        news.set(text, [...(news.get(text) ?? []), task.index]);
      }
    }
    for (const [text, indexes] of news) screen.paragraph(`  ${`task${indexes.length === 1 ? "" : "s"} ${ranges(indexes)}`.padEnd(10)}  ${text}`, 14);
    const lines = progressLines(screen, progress, names);
    if (job.endedTau > 0n || tasks.every(({ state }) => state === TASK_STATE_FINAL || state === TASK_STATE_CLOSED)) screen.still(lines[0]!);
    else screen.moving(...lines);
  };
}

interface Telling {
  readonly quoteDenom: string;
  readonly bondDenom: string;
  readonly names: ReadonlyMap<string, string>;
  readonly live: boolean;
  readonly challengeMs: bigint;
  /** Nobody but the consumer can run it again. */
  readonly sealed: boolean;
}

/** How long a refereed result can be challenged: as the market has it. */
function challengeMs({ spec }: Job, { challengeDue, challengeDurations }: WatchOptions["params"]): bigint {
  const durations = BigInt(challengeDurations) * spec!.duration;
  return challengeDue > durations ? challengeDue : durations;
}

/** What there is to tell of a task, each with a key that it is told once under. On a terminal the moving lines show starts, commits and reveals. */
function newsOf(task: Task, { quoteDenom, bondDenom, names, live, challengeMs: window, sealed }: Telling): [key: string, text: string][] {
  const name = ({ provider }: Replica): string => names.get(provider) ?? provider;
  const news: [string, string][] = [];
  const [first, ...others] = task.replicas;
  if (first !== undefined) news.push([`match ${first.leaseId}`, `matched with ${name(first)} at ${grouped(task.price)} ${quoteDenom} a lot`]);
  for (const one of others) news.push([`draw ${one.leaseId}`, `${name(one)} drawn ${drawnFor(one)}${one.price > task.price ? `, at ${grouped(one.price)} ${quoteDenom} a lot` : ""}`]);
  for (const one of task.replicas) {
    const reached = (state: ReplicaState): boolean => one.state >= state && one.state < REPLICA_STATE_OUT;
    if (!live && reached(REPLICA_STATE_RUNNING)) news.push([`start ${one.leaseId}`, `${name(one)} started`]);
    if (!live && reached(REPLICA_STATE_COMMITTED)) news.push([`commit ${one.leaseId}`, `${name(one)} committed to its result`]);
    if (!live && reached(REPLICA_STATE_REVEALED)) news.push([`reveal ${one.leaseId}`, `${name(one)} revealed its result`]);
    if (one.state === REPLICA_STATE_OUT) {
      const slashed = BigInt(one.slashed || "0");
      news.push([`out ${one.leaseId}`, pc.yellow(`${name(one)} is out: ${outBecause(one)}${slashed === 0n ? "" : `; ${grouped(slashed)} ${bondDenom} of its bond slashed`}`)]);
    }
  }
  for (const one of task.replicas) if (one.state === REPLICA_STATE_RELEASED) news.push([`released ${one.leaseId}`, `${name(one)} does not audit: no key was sealed to it in time`]);
  if (task.state === TASK_STATE_CHALLENGE) news.push(["challenge", `revealed; ${sealed ? "its consumer" : "anybody"} may challenge it for ${grouped(window / 1_000n)} s`]);
  if (task.state === TASK_STATE_DISPUTE) news.push(["dispute", pc.yellow(`${differ(task) ? "the two results differ" : "in dispute"}: the chain finds out who is right`)]);
  if (task.state === TASK_STATE_TIEBREAK) {
    const missing = task.replicas.some(({ round, state }) => round === 0 && state === REPLICA_STATE_OUT);
    news.push(["tie-break", pc.yellow(`${missing ? "a result is missing" : "the results differ"}: two more providers are drawn`)]);
  }
  if (task.state === TASK_STATE_FINAL) {
    const agreed = task.replicas.filter(({ state }) => state === REPLICA_STATE_REVEALED);
    const paid = task.replicas.reduce((sum, one) => sum + BigInt(one.paid || "0"), 0n);
    news.push(["final", `${pc.green("accepted")}: ${agreed.map(name).sort().join(" and ")} ${agreed.length > 1 ? "agree" : "answered"}; ${grouped(paid)} ${quoteDenom} paid`]);
  }
  if (task.state === TASK_STATE_CLOSED) news.push(["closed", pc.red(`closed without a result: ${closedBecause(task)}`)]);
  return news;
}

/** The job in one line, then, where they fit, a line for each task. */
function progressLines(screen: Screen, { job, tasks, kind }: WaveProgress, names: ReadonlyMap<string, string>): string[] {
  const replicas = tasks.flatMap((task) => task.replicas);
  const at = (...states: number[]): number => replicas.filter(({ state }) => states.includes(state)).length;
  // Auditors and those of tie-breaks come on top.
  const wanted = Math.max(tasks.length * Math.max(1, job.k), replicas.length - at(REPLICA_STATE_OUT, REPLICA_STATE_RELEASED));
  const final = tasks.filter(({ state }) => state === TASK_STATE_FINAL).length;
  const head = `  ${kind} ${screen.bar(final, tasks.length)} accepted, ${at(REPLICA_STATE_RUNNING)} running, ${at(REPLICA_STATE_COMMITTED, REPLICA_STATE_REVEALED)}/${wanted} committed, ${at(REPLICA_STATE_REVEALED)}/${wanted} revealed, ${grouped(job.escrow?.paid ?? "0")} ${job.quoteDenom} paid`;
  if (tasks.length > Math.min(16, screen.height - 1)) return [head];
  const widest = Math.max(...[...names.values()].map(({ length }) => length));
  return [head, ...tasks.map((task) => `    task ${String(task.index).padEnd(3)} ${stage(task)}${task.replicas.map((one) => `${(names.get(one.provider) ?? one.provider).padEnd(widest)} ${replicaWord(one)}  `).join("")}`)];
}

/** For what draw a replica was there. */
function drawnFor({ round }: Replica): string {
  return ["as second replica", "for the tie-break", "for an audit"][round] ?? "to audit in another's place";
}

function stage({ replicas, state }: Task): string {
  if (state === TASK_STATE_WAITING) return pc.dim("its input is being made");
  if (replicas.length === 0) return pc.dim("in the order book");
  if (state === TASK_STATE_MATCHED) return pc.dim("draw of the second replica ... ");
  if (state === TASK_STATE_DRAWING) return pc.dim("audit or not: draw ... ");
  if (state === TASK_STATE_AUDITING) return pc.dim("audit ... ");
  if (state === TASK_STATE_CHALLENGE) return pc.dim("may be challenged ... ");
  if (state === TASK_STATE_DISPUTE) return pc.yellow("dispute ... ");
  return "";
}

function replicaWord({ state }: Replica): string {
  const text = (word: string): string => word.padEnd(12);
  switch (state) {
    case REPLICA_STATE_SEALING: return pc.dim(text("waits for key"));
    case REPLICA_STATE_ASSIGNED: return pc.dim(text("fetches"));
    case REPLICA_STATE_RUNNING: return pc.cyan(text("runs"));
    case REPLICA_STATE_COMMITTED: return pc.yellow(text("committed"));
    case REPLICA_STATE_REVEALED: return pc.green(text("revealed"));
    case REPLICA_STATE_OUT: return pc.red(text("out"));
    case REPLICA_STATE_RELEASED: return pc.dim(text("left"));
    default: return pc.dim(text("matched"));
  }
}

/** Two that ran a refereed task from the start ended in different states. */
function differ({ replicas }: Task): boolean {
  const [first, second] = replicas.filter(({ round, state }) => round === 0 && state === REPLICA_STATE_REVEALED).map(({ result }) => result);
  if (first?.final === undefined || second?.final === undefined) return false;
  return !equalBytes(finalHash(first.final, first.digest), finalHash(second.final, second.digest));
}

function outBecause({ result, commitment }: Replica): string {
  if (result?.final !== undefined) return "the chain's own run says otherwise, or it did not defend what it said";
  if (result !== undefined) return "three others agree on another result";
  return commitment.length > 0 ? "it did not show its result in time" : "it was late";
}

function count(n: number, what: string): string {
  return `${grouped(n)} ${what}${n === 1 ? "" : "s"}`;
}

/** For machines: what changed since the last look, one event a line. */
export function taskEvents(): (progress: WaveProgress) => object[] {
  const seen = new Map<string, string>();
  const isNew = (key: string, state: string): boolean => seen.get(key) !== state && seen.set(key, state) !== undefined;
  return ({ job, wave, tasks }) => tasks.flatMap((task) => {
    const about = { job: String(job.id), stage: wave, task: task.index };
    const replicas = task.replicas.map((one) => ({ provider: one.provider, lease: String(one.leaseId), state: stateName(ReplicaState, one.state, "REPLICA_STATE_"), price: String(one.price), ...(one.paid === "" ? {} : { paid: one.paid }) }));
    const state = stateName(TaskState, task.state, "TASK_STATE_");
    return [
      ...replicas.filter((one) => isNew(`${task.id} ${one.lease}`, one.state)).map((one) => ({ event: "replica", ...about, ...one })),
      ...(isNew(String(task.id), state) ? [{ event: "task", ...about, state, ...(task.state === TASK_STATE_CLOSED ? { reason: closedBecause(task) } : {}) }] : []),
    ];
  });
}

/** The name of an enum's number as people write it: `TASK_STATE_FINAL` is final. */
export function stateName(of: Readonly<Record<string, string | number>>, value: number, prefix: string): string {
  const [name = String(value)] = Object.entries(of).find(([, number]) => number === value) ?? [];
  return name.replace(prefix, "").toLowerCase().replaceAll("_", " ");
}
