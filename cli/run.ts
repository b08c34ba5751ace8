/** dcm run and dcm attach: a job from bid to result, with the gateway in this process. */
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pc from "picocolors";
import { toHex } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { ReplicaState, TaskState, type Job } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { encodeResult, type TaskResult } from "../client/protocol.ts";
import { TxFailed, type Sender } from "../client/sender.ts";
import { Gateway, type PlacedJob } from "../worker/gateway/gateway.ts";
import { followJob, JobFailed, type FinishedWave, type WaveProgress } from "../worker/gateway/run-job.ts";
import { loadPresent } from "../worker/job-file.ts";
import { isProgramFile, typed } from "./bare-program.ts";
import { listenOf, logTo, offerData, type Listen } from "./data.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";
import { jobNamed } from "./jobs.ts";
import { bondDenom, openNet, reasonOf, type Net } from "./net.ts";
import { prepare, readJob, type OrderOptions } from "./order.ts";
import { providerNames } from "./providers.ts";
import { quoteOf, quoteText, type Quote } from "./quote.ts";
import { Runs, type RunNote } from "./runs.ts";
import { grouped, screenOn, type Screen } from "./screen.ts";
import { accountOf, signer, type SignOptions } from "./wallet.ts";
import { taskEvents, watchJob } from "./watch.ts";

export interface FollowOptions extends SignOptions {
  readonly out?: string | undefined;
  readonly json?: true | undefined;
}

export interface RunOptions extends FollowOptions, OrderOptions {
  readonly dryRun?: true | undefined;
  readonly detach?: true | undefined;
}

const pollMs = 300;
/** Longer than draws, keys and starts take where blocks come. */
const leaveMs = 30_000;
const seconds = (ms: bigint): string => `${grouped(ms / 1_000n)} s`;

/** `said` is what stands on stdout for a job that is left to the background, where that is no event. */
export async function run(io: Io, path: string, args: readonly string[], options: RunOptions, said?: (id: bigint) => string): Promise<void> {
  const screen = screenOn(io);
  const read = await readJob(io, path, args, options);
  const net = await openNet(io, options);
  try {
    const account = accountOf(io, net, options);
    const order = await prepare(net.connection, account.address, read, options);
    const quoted = await quoteOf(net, account, order);
    if (options.dryRun === true) {
      if (options.json === true) io.stdout(`${jsonText({ quote: quoted, order: { ...order.request, program: toHex(sha256(order.request.program)), inputs: order.request.inputs.map((input) => input.length) } })}\n`);
      else io.stdout(`${quoteText(quoted, pc.createColors(io.colours))}\n`);
      io.stderr("nothing was sent\n");
    }
    if (quoted.refused !== undefined) throw new CliError(exitCodes.failed, `the chain would refuse this order: ${quoted.refused}`, `dcm quote ${typed(path, args)} shows what it costs, dcm balance what ${account.name} has.`);
    if (options.dryRun === true) return;
    screen.print(`${pc.bold(quoted.title)}: about ${quoted.cost.expected === undefined ? "?" : grouped(quoted.cost.expected.total)} ${quoted.denom}, at most ${grouped(quoted.cost.maximum.total)}`);
    if (quoted.beginning === 0) screen.paragraph(pc.yellow(`nobody can begin it now: it waits in the book${quoted.relaxation === undefined ? "" : `; ${quoted.relaxation.change} would let it begin`}. dcm quote ${typed(path, args)} says why`));
    checkDetach(io, net, options);
    const { sender } = await signer(io, net, options);
    io.interrupted();
    const runs = new Runs(io, net.chainId);
    const folder = runs.create(order.loaded.job.name);
    const serving = await serve(io, net, folder, sender, listenOf(net));
    try {
      // Before the bid leaves: a process that is killed then finds its job again.
      runs.write(folder, noteOf(order.path, account.name, serving.listen, quoted));
      const placed = await serving.gateway.place(order.request).catch((error: unknown) => {
        if (!(error instanceof TxFailed)) throw error;
        runs.drop(folder);
        throw new CliError(exitCodes.failed, `the chain refused the order: ${error.message}`, `transaction ${error.txHash}`);
      });
      tellPlaced(io, screen, options, placed, quoted);
      if (options.detach === true) {
        await serving.close();
        return leaveBehind(io, folder, placed.id, options, said);
      }
      await follow(io, { screen, net, options, gateway: serving.gateway, present: isProgramFile(order.path) ? undefined : order.loaded.present, quoted: { expected: quoted.cost.expected?.total, maximum: quoted.cost.maximum.total } }, placed.id);
    } finally {
      await serving.close();
    }
  } finally {
    net.connection.close();
  }
}

/** Goes on with a job that this machine ordered: serves it where it lives, fetches its results where it is over. */
export async function attach(io: Io, id: string, options: FollowOptions): Promise<void> {
  const screen = screenOn(io);
  const net = await openNet(io, options);
  try {
    const { job } = await jobNamed(net.connection, id);
    const found = new Runs(io, net.chainId).find(job);
    if (found === undefined) throw new CliError(exitCodes.notFound, `the keys of job ${id} are not on this machine`, `It was ordered elsewhere, or by another program; dcm job ${id} shows what the chain knows of it.`);
    const { note, folder } = found;
    const { sender } = await signer(io, net, { ...options, key: options.key ?? note.key });
    const serving = await serve(io, net, folder, sender, job.endedTau > 0n ? { host: "127.0.0.1", port: 0 } : note.listen);
    try {
      const present = isProgramFile(note.path) ? undefined : await loadPresent(dirname(note.path)).catch(() => undefined);
      await follow(io, { screen, net, options, gateway: serving.gateway, present, quoted: { expected: note.expected === "" ? undefined : BigInt(note.expected), maximum: BigInt(note.maximum) } }, job.id);
    } finally {
      await serving.close();
    }
  } finally {
    net.connection.close();
  }
}

/** Nobody can be asked for a passphrase in the background. */
function checkDetach(io: Io, { profile }: Net, { detach, passphraseFile }: RunOptions): void {
  if (detach !== true || profile?.keyring === "test" || (passphraseFile ?? io.env.DCM_PASSPHRASE_FILE) !== undefined) return;
  throw new CliError(exitCodes.usage, "a job that is left to the background signs there, and nobody can be asked for the passphrase", "Put it into a file of mode 0600 and name that with --passphrase-file or DCM_PASSPHRASE_FILE, or run without --detach.");
}

/** Another process serves the job from here on, as dcm attach does. */
function leaveBehind(io: Io, folder: string, id: bigint, options: RunOptions, said: (id: bigint) => string = String): void {
  const logFile = join(folder, "attach.log");
  const given = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value]);
  const argv = ["attach", String(id), "--no-input", ...given("--node", options.node), ...given("--profile", options.profile), ...given("--key", options.key), ...given("--passphrase-file", options.passphraseFile), ...given("--out", options.out === undefined ? undefined : resolve(options.out))];
  const pid = io.detach(argv, logFile);
  if (options.json !== true) io.stdout(`${said(id)}\n`);
  io.stderr(`process ${pid} serves it from here while it lives, and says what it sees in ${logFile}\nnext: dcm logs ${id} -f          what happens\n      dcm cp ${id} RESULTS/       its results, once it is done\n      dcm cancel ${id}            takes back what is not matched\n`);
}

interface Serving {
  readonly gateway: Gateway;
  readonly listen: Listen;
  close(): Promise<void>;
}

/** Gateway and data server of one run; each run has its own. */
async function serve(io: Io, net: Net, folder: string, sender: Sender, listen: Listen): Promise<Serving> {
  const data = await offerData(net, folder, listen);
  const gateway = new Gateway({ connection: net.connection, sender, blobs: data.blobs, dataUrl: data.url, directory: join(folder, "jobs"), pollMs, log: logTo(io) });
  gateway.start();
  let closed: Promise<void> | undefined;
  return { gateway, listen: data.listen, close: () => (closed ??= gateway.stop().then(() => data.close())) };
}

function noteOf(path: string, key: string, { host, port }: Listen, { title, cost }: Quote): RunNote {
  return { kind: "job", title, path, key, listen: { host, port }, expected: cost.expected === undefined ? "" : String(cost.expected.total), maximum: String(cost.maximum.total) };
}

function tellPlaced(io: Io, screen: Screen, { json }: FollowOptions, { id, sent, escrow, storageDeposit }: PlacedJob, { denom, bondDenom: bond }: Quote): void {
  if (json === true) io.stdout(`${jsonText({ event: "placed", job: String(id), height: sent.height, tx_hash: sent.txHash, escrow, denom, storage_deposit: storageDeposit }, 0)}\n`);
  screen.print(`${pc.bold(`job ${id}`)}: the bid is in block ${sent.height}, transaction ${sent.txHash}`);
  screen.paragraph(`  set aside ${grouped(escrow)} ${denom} and a storage deposit of ${grouped(storageDeposit)} ${bond}; what is not needed comes back`, 2);
}

interface Following {
  readonly screen: Screen;
  readonly net: Net;
  readonly options: FollowOptions;
  readonly gateway: Gateway;
  /** Undefined where a program alone was ordered, or the job's folder is not there any more: its output is shown as it is. */
  readonly present: ((output: Uint8Array) => string) | undefined;
  readonly quoted: { readonly expected: bigint | undefined; readonly maximum: bigint };
}

/** Until the job is over: shows it, prints its result, writes its results. Rejects with a CliError whose exit code is the job's where it failed. */
async function follow(io: Io, { screen, net, options, gateway, present, quoted }: Following, id: bigint): Promise<void> {
  const { connection } = net;
  const { job: { spec } } = await jobNamed(connection, String(id));
  const waves = Array.from({ length: Math.max(1, spec!.stages.length) }, (_, i) => ({ kind: i === 0 ? "map" as const : "reduce" as const }));
  const names = await providerNames(connection);
  const watch = watchJob({ screen, names, bondDenom: await bondDenom(connection), params: (await connection.query.market.params()).params! });
  const events = taskEvents();
  let last: WaveProgress | undefined;
  const interrupted = io.interrupted();
  let finished: FinishedWave[];
  try {
    finished = await followJob({
      connection, gateway, waves, pollMs, signal: interrupted,
      onProgress(progress) {
        last = progress;
        if (options.json === true) for (const event of events(progress)) io.stdout(`${jsonText(event, 0)}\n`);
        watch(progress);
      },
    }, id);
  } catch (error) {
    if (interrupted.aborted) {
      await serveMatched(gateway, screen, id);
      throw await leaving(net, screen, id);
    }
    if (!(error instanceof JobFailed)) throw new CliError(exitCodes.failed, `lost sight of job ${id}: ${reasonOf(error)}`, `The job goes on. dcm attach ${id} comes back to it, once the node at ${net.node} answers.`);
    const exitCode = error.exitCode ?? exitCodes.noResult;
    if (options.json === true) io.stdout(`${jsonText({ event: "failed", job: String(id), reason: error.message, exit_code: exitCode, ...costs(last?.job) }, 0)}\n`);
    screen.print(last === undefined ? "" : costText(last.job, quoted));
    throw new CliError(exitCode, error.message, `dcm job ${id} tells its story, dcm receipt ${id} what it cost.`);
  }
  const outputs = finished.at(-1)!.results.map(({ output }) => output);
  const job = finished.at(-1)!.job;
  const files = options.out === undefined ? undefined : writeResults(io, options.out, finished);
  if (options.json === true) io.stdout(`${jsonText({ event: "finished", job: String(id), exit_code: 0, ...costs(job), ...(files !== undefined ? { out: options.out, files } : outputs.length === 1 ? { output_base64: base64Of(outputs[0]!) } : { outputs_base64: outputs.map(base64Of) }) }, 0)}\n`);
  else if (present !== undefined) io.stdout(`${present(outputs[0]!).trimEnd()}\n`);
  else for (const output of outputs) io.stdout(output);
  screen.print(`\n${costText(job, quoted)}`);
  if (files !== undefined) screen.print(`${files.length} results in ${options.out}, each held against its digest on chain; results.json lists them`);
  screen.print(`next: dcm receipt ${id}`);
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** What is matched already gets its salts, keys and data before this machine leaves: else it closes and a part of its price burns, or its provider declines and gets no more of the job. */
async function serveMatched(gateway: Gateway, screen: Screen, id: bigint): Promise<void> {
  for (const end = Date.now() + leaveMs; Date.now() < end; await sleep(pollMs)) {
    const waiting = (await gateway.tasks(id)).filter(({ state, replicas }) => state === TaskState.TASK_STATE_MATCHED || replicas.some((one) => one.state === ReplicaState.REPLICA_STATE_SEALING || one.state === ReplicaState.REPLICA_STATE_ASSIGNED));
    if (waiting.length === 0) return;
    screen.moving(`  leaving as soon as ${waiting.length === 1 ? "1 task has its key and data" : `${waiting.length} tasks have their keys and data`} from here; Ctrl-C again leaves at once`);
  }
}

/** What whoever leaves a job that lives has to know. */
async function leaving({ connection }: Net, screen: Screen, id: bigint): Promise<CliError> {
  const { params } = await connection.query.market.params();
  const soonest = params!.sealDue < params!.saltDue ? params!.sealDue : params!.saltDue;
  screen.still("");
  return new CliError(exitCodes.interrupted, `left job ${id}, which goes on: what runs is finished and paid`, `Data, keys and salts for what is matched from now on come from here: without them within ${seconds(soonest)} a task closes and ${params!.missFeeBps / 100} % of its price burns.\n     dcm attach ${id}      goes on, or fetches the results\n     dcm cancel ${id}      takes back what is not matched`);
}

/** A file for each task, and what the chain says of it. Every result was held against its digest when it was fetched. */
function writeResults(io: Io, folder: string, finished: readonly FinishedWave[]): string[] {
  const results = finished.flatMap(({ wave, kind, tasks, results: all }) => tasks.map((task, i) => ({ task, result: all[i]!, wave, kind })));
  const files = results.map(({ task }) => `task-${task.index}`);
  for (const [i, { result }] of results.entries()) io.writeBytes(join(folder, files[i]!), result.output);
  io.writeFile(join(folder, "results.json"), `${jsonText({
    job: finished[0]!.job.id,
    results: results.map(({ task, result, wave, kind }, i) => ({
      task: task.index, stage: wave, kind, file: files[i], status: result.status, exit_code: result.exitCode, bytes: result.output.length, output_sha256: toHex(sha256(result.output)),
      chain: { digest: digestOf(result), size: task.result!.size, meter: task.result!.meter, providers: task.replicas.filter((one) => one.result !== undefined).map(({ provider }) => provider) },
    })),
  })}\n`);
  return files;
}

/** As it stands on chain: over status, exit code and output. */
const digestOf = (result: TaskResult): string => toHex(sha256(encodeResult(result)));

function costs(job: Job | undefined) {
  const escrow = job?.escrow;
  return escrow === undefined ? {} : { paid: escrow.paid, fee: escrow.fees, burned: escrow.burned, refunded: escrow.refunded, denom: escrow.denom };
}

function costText({ escrow }: Job, { expected, maximum }: Following["quoted"]): string {
  const { paid, fees, burned, refunded, denom } = escrow!;
  const cost = BigInt(paid) + BigInt(fees) + BigInt(burned);
  return `cost ${pc.bold(grouped(cost))} ${denom}${expected === undefined ? "" : `, expected ${grouped(expected)}`}, at most ${grouped(maximum)}; ${grouped(refunded)} came back`;
}
