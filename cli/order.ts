/** A job file with what the command line says of it: what is ordered, and what the market has for it now. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { CapacityClass, Params } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Policy } from "../chain/codec/gen/dcm/organization/v1/types.ts";
import type { Connection } from "../client/connection.ts";
import { allPages } from "../client/pages.ts";
import { checkDurations, requestOf } from "../worker/gateway/run-job.ts";
import { levels, replicasFault, usualReplicas, type JobRequest, type Verification } from "../worker/gateway/bid.ts";
import { loadJob, type JobFile, type LoadedJob } from "../worker/job-file.ts";
import { FileError } from "../worker/fields.ts";
import { classNamed } from "./book.ts";
import { isProgramFile, programJob, refuseBesideFile, timed, type ProgramOptions } from "./bare-program.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import { limitFrom, look, type Demand, type Looked, type Offer } from "./offers.ts";

export interface OrderOptions extends ProgramOptions {
  readonly limit?: string | undefined;
  readonly verify?: "v0" | "v1" | "v2" | "v3" | undefined;
  readonly replicas?: string | undefined;
  readonly organization?: string | undefined;
  readonly tag?: readonly string[] | undefined;
}

export interface Order {
  readonly loaded: LoadedJob;
  /** Absolute. */
  readonly path: string;
  readonly request: JobRequest;
  /** Where the limit comes from. */
  readonly limitFrom: "--limit" | "the job file" | "the book";
  readonly demand: Demand;
  readonly looked: readonly Looked[];
  readonly capacity: CapacityClass;
  readonly params: Params;
}

/** Where a job or service file lies: in this folder, or the path itself. Throws a CliError where there is none. */
export function fileOf(path: string, kind: "job" | "service"): { readonly folder: string; readonly file: string } {
  const at = resolve(path);
  const hint = `A ${kind} is a folder with a ${kind}.json, such as examples/${kind === "job" ? "kmeans" : "classify"}, or such a file; worker/README.md says what stands in it.`;
  if (!existsSync(at)) throw new CliError(exitCodes.notFound, `there is no ${path}`, hint);
  if (!statSync(at).isDirectory()) return { folder: dirname(at), file: basename(at) };
  const [own, other] = kind === "job" ? ["job.json", "service.json"] : ["service.json", "job.json"];
  if (existsSync(join(at, own))) return { folder: at, file: own };
  throw new CliError(exitCodes.notFound, `there is no ${own} in ${path}`, existsSync(join(at, other)) ? `It has a ${other}: ${kind === "job" ? `dcm service run ${path}` : `dcm run ${path}`}` : hint);
}

/** As compilers name it: FILE:LINE:COLUMN, where the error is about a place in the file. */
export function shownPlace(path: string, file: string, error: unknown): string {
  const named = basename(path) === file ? path : join(path, file);
  return error instanceof FileError ? `${named}:${error.place.line}:${error.place.column}` : path;
}

/** A folder with a job.json, a job file, or a program alone with its arguments. */
export async function readJob(io: Pick<Io, "readBytes">, path: string, args: readonly string[], options: OrderOptions): Promise<{ readonly loaded: LoadedJob; readonly path: string }> {
  if (isProgramFile(path)) {
    const loaded = namingFile(path, () => programJob(io, path, args, options, options.verify === "v3"));
    return { loaded: { ...loaded, job: changed(loaded.job, options) }, path: resolve(path) };
  }
  refuseBesideFile(path, args, options);
  const { folder, file } = fileOf(path, "job");
  try {
    const loaded = await loadJob(folder, file);
    return { loaded: { ...loaded, job: changed(loaded.job, options) }, path: resolve(folder, file) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(exitCodes.invalid, `${shownPlace(path, file, error)}: ${(error as Error).message}`, "Its fields: examples/job.schema.json.");
  }
}

/** What is wrong with the program says which file it is. */
function namingFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(exitCodes.invalid, `${path}: ${(error as Error).message}`);
  }
}

/** Throws a CliError where the text is no price. */
export function readPrice(text: string): bigint {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new CliError(exitCodes.usage, `--limit ${JSON.stringify(text.slice(0, 40))} is no price`, "It is the most for one lot, all in, in whole units of the book's denom, e.g. --limit 200000.");
  return BigInt(text);
}

export function readTags(tags: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(tags.map((text): [string, string] => {
    const at = text.indexOf("=");
    if (at < 1 || !/^[a-z0-9._/-]{1,64}$/.test(text.slice(0, at)) || !/^[\x20-\x7e]{1,128}$/.test(text.slice(at + 1))) throw new CliError(exitCodes.usage, `--tag ${JSON.stringify(text.slice(0, 100))} is no tag`, "It is KEY=VALUE, e.g. --tag project=apollo.");
    return [text.slice(0, at), text.slice(at + 1)];
  }));
}

/** What is said; else what the file says, where its level is taken, too. */
function readReplicas(text: string | undefined, job: JobFile, verification: Verification): number {
  if (text === undefined) return verification === job.verification ? job.replicas : usualReplicas(verification);
  const fault = replicasFault(verification, /^\d$/.test(text) ? Number(text) : NaN);
  if (fault !== undefined) throw new CliError(exitCodes.usage, `--replicas ${JSON.stringify(text.slice(0, 40))} must be ${fault}: providers that run each task from the start`, "Two refereed replicas are --verify v3 --replicas 2.");
  return Number(text);
}

function changed(job: JobFile, { limit, verify, replicas, organization, tag }: OrderOptions): JobFile {
  const verification = verify === undefined ? job.verification : verify.toUpperCase() as Verification;
  return {
    ...job, ...(limit === undefined ? {} : { limitPrice: readPrice(limit) }), verification, replicas: readReplicas(replicas, job, verification), ...(organization === undefined ? {} : { organization }),
    costTags: { ...job.costTags, ...readTags(tag) },
  };
}

/** What the job would be ordered as, and who could serve it. Rejects with a CliError where there is no limit to be had. */
export async function prepare(connection: Connection, consumer: string, read: { readonly loaded: LoadedJob; readonly path: string }, options: OrderOptions): Promise<Order> {
  const { path } = read;
  const capacity = await classNamed(connection, read.loaded.job.classId);
  const loaded = isProgramFile(path) ? timed(read.loaded, capacity) : read.loaded;
  const { job } = loaded;
  await checkDurations(connection, job).catch((error: Error) => {
    throw new CliError(exitCodes.invalid, `${path}: ${error.message}`);
  });
  const { lots, durationMs } = requestOf(loaded, 1n);
  const { demand, offers, params } = await demandOf(connection, consumer, job, { tasks: loaded.inputs.length, lots, durationMs, limit: job.limitPrice });
  const from = job.limitPrice === undefined ? "the book" as const : options.limit === undefined ? "the job file" as const : "--limit" as const;
  const limit = job.limitPrice ?? bookLimit(offers, demand, capacity);
  if (limit === undefined) throw new CliError(exitCodes.failed, `nobody in the book of ${job.classId} and ${job.quoteDenom} can serve this job, so there is no price to go by`, "dcm book shows who offers; --limit names the most that you would pay for a lot and waits.");
  const limited = { ...demand, limit };
  return { loaded, path, request: requestOf(loaded, limit), limitFrom: from, demand: limited, looked: look(offers, limited), capacity, params };
}

/** What decides who may serve. */
type Wanted = Pick<JobFile, "classId" | "quoteDenom" | "organization" | "verification" | "wishes"> & Partial<Pick<JobFile, "replicas">>;

/** What is wanted in the terms of the book, and the book's offers. */
async function demandOf(connection: Connection, consumer: string, wanted: Wanted, size: Pick<Demand, "tasks" | "lots" | "durationMs" | "limit">): Promise<{ readonly demand: Demand; readonly offers: readonly Offer[]; readonly params: Params }> {
  const { market } = connection.query;
  const [{ params, tau }, offers, affiliates, policy, rate] = await Promise.all([market.params(), offersOf(connection, wanted), affiliatesOf(connection, consumer), policyOf(connection, wanted.organization), rateOf(connection, wanted.quoteDenom)]);
  return {
    offers, params: params!,
    demand: {
      consumer, ...size, replicas: wanted.replicas ?? usualReplicas(wanted.verification), wishes: wanted.wishes, policy, affiliates, tau, verification: levels[wanted.verification],
      stake: (price) => (stakeOf(wanted.verification, price * size.lots, params!) * rate.bondUnits + rate.quoteUnits - 1n) / rate.quoteUnits,
    },
  };
}

function bookLimit(offers: readonly Offer[], demand: Demand, { tick }: CapacityClass): bigint | undefined {
  return limitFrom(look(offers, demand).filter(({ against }) => against.length === 0), demand, tick);
}

/** The limit that `dcm run` would take from the book for one task; undefined where nobody can serve it. */
export async function limitOfTask(connection: Connection, consumer: string, wanted: Wanted, lots: bigint, durationMs: bigint): Promise<bigint | undefined> {
  const capacity = await classNamed(connection, wanted.classId);
  const { demand, offers } = await demandOf(connection, consumer, wanted, { tasks: 1, lots, durationMs, limit: undefined });
  return bookLimit(offers, demand, capacity);
}

/** As chain/modules/market computes it, for jobs that name no risk: a multiple of what the task costs, at least what makes a lie not worth its chance. In the quote denom. */
export function stakeOf(verification: Verification, fee: bigint, { stakeMultiple, auditProbabilityBps, auditors, phiBps }: Pick<Params, "stakeMultiple" | "auditProbabilityBps" | "auditors" | "phiBps">): bigint {
  if (verification === "V0") return fee;
  const p = verification === "V2" ? 10_000n : BigInt(auditProbabilityBps);
  const [convicted, of] = convictionOf(verification, auditors, BigInt(phiBps));
  const detected = 9n * p * convicted;
  const [multiple, least] = [BigInt(stakeMultiple) * fee, (fee * 100_000n * of + detected - 1n) / detected];
  return multiple > least ? multiple : least;
}

/** How many of how many lies are convicted where somebody looks: of V1 three must outvote the liar, of V3 one auditor suffices. */
function convictionOf(verification: Verification, auditors: number, phi: bigint): readonly [convicted: bigint, of: bigint] {
  const all = 10_000n;
  const honest = all - phi;
  if (verification === "V2") return [honest, all];
  if (verification === "V3") return [all ** BigInt(auditors) - phi ** BigInt(auditors), all ** BigInt(auditors)];
  return auditors === 1 ? [honest ** 3n, all ** 3n] : [honest ** 2n * (all ** 2n - phi ** 2n) + 2n * phi * honest ** 3n, all ** 4n];
}

/** Every ask of the book with what is known of its provider. */
async function offersOf({ query }: Connection, { classId, quoteDenom }: Wanted): Promise<Offer[]> {
  const [asks, providers, attestations] = await Promise.all([
    allPages((pagination) => query.market.asks({ classId, quoteDenom, pagination }), (page) => page.asks), allPages((pagination) => query.providers.providers({ pagination }), (page) => page.providers),
    allPages((pagination) => query.auditors.attestations({ validOnly: true, pagination }), (page) => page.attestations),
  ]);
  return asks.map((ask) => {
    const provider = providers.find(({ operator }) => operator === ask.provider);
    return {
      ask, name: provider?.profile?.moniker ?? ask.provider, inactive: provider === undefined ? "gone" : provider.active ? "" : provider.inactiveReason, attributes: provider?.profile?.attributes ?? [], free: BigInt(provider?.free ?? 0),
      attested: attestations.filter(({ attestation }) => attestation!.provider === ask.provider).map(({ attestation }) => ({ key: attestation!.key, value: attestation!.value, auditor: attestation!.auditor })),
    };
  });
}

async function affiliatesOf({ query }: Connection, consumer: string): Promise<Demand["affiliates"]> {
  const { memberships } = await query.organization.memberships({ member: consumer });
  const organizations = memberships.map(({ organization }) => organization);
  const members = await Promise.all(organizations.map((name) => allPages((pagination) => query.organization.members({ name, pagination }), (page) => page.members)));
  return { accounts: new Set([consumer, ...members.flat().filter(({ accepted }) => accepted).map(({ address }) => address)]), organizations: new Set(organizations) };
}

async function policyOf({ query }: Connection, name: string): Promise<Policy | undefined> {
  if (name === "") return undefined;
  const found = await query.organization.organization({ name }).catch((error: unknown) => {
    throw new CliError(exitCodes.notFound, `organization ${name}: ${(error as Error).message}`);
  });
  return found.policy;
}

async function rateOf({ query }: Connection, denom: string): Promise<{ readonly bondUnits: bigint; readonly quoteUnits: bigint }> {
  const { quoteDenoms, bondDenom } = await query.market.quoteDenoms();
  const found = quoteDenoms.find((one) => one.denom === denom);
  if (found === undefined && denom !== bondDenom) throw new CliError(exitCodes.notFound, `no book quotes in ${denom}`, `Books quote in ${[bondDenom, ...quoteDenoms.map((one) => one.denom)].join(", ")}.`);
  return found?.rate ?? { bondUnits: 1n, quoteUnits: 1n };
}
