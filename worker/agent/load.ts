/** Program and input of a task, fetched, opened and held against what the job says. All of it comes from a stranger: every size is bounded. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import { inputRoot, type TaskInputs } from "../../client/protocol.ts";
import { equalBytes } from "../../chain/codec/bytes.ts";
import { Manifest, VerificationLevel, type Blob, type Job, type Service, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { ProgramError } from "../../chain/vm/program.ts";
import { BlobUnavailable, fetchBlob } from "../data/fetch.ts";
import type { KeptInputs } from "../refereed/kept.ts";
import { programRootOf, rootsOf } from "../refereed/roots.ts";
import { openBlob, openKey, SealBroken, sealedSize } from "../seal/index.ts";

export interface Loaded {
  readonly program: Uint8Array;
  readonly input: Uint8Array;
  /** Of refereed jobs: root and size of every input that the manifest names. */
  readonly roots: readonly Blob[];
}

export interface LoadOptions {
  readonly connection: Connection;
  readonly provider: string;
  /** X25519 secret of the provider's encryption key. */
  readonly encryptionSecret: Uint8Array;
  /** The keys of jobs that this account ordered itself, by their consumer keys; undefined of others. */
  readonly ownKey?: (consumerKey: Uint8Array) => Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** Where what a refereed task is run on stays until the task is over. Absent: it is fetched each time. */
  readonly kept?: KeptInputs;
  /** How often a server is asked before the blob counts as not to be had, and the pause between. */
  readonly attempts?: number;
  readonly pauseMs?: number;
}

/** The consumer's doing: what the task needs is not there, does not open or is not what the job says. A reason to decline; anything else is not. */
export class InputUnavailable extends Error {
  override readonly name = "InputUnavailable";
}

/** The most that is fetched, in clear: bytes of a program, an input, a manifest. */
export const loadLimits = { program: 16 << 20, input: 256 << 20, manifest: 16 << 20 } as const;

/** Rejects with InputUnavailable where the consumer is to blame, with anything else where the node or this machine is. */
export async function loadTask(options: LoadOptions, job: Job, of: TaskInputs, task: Task): Promise<Loaded> {
  const spec = job.spec!;
  const key = spec.consumerKey.length === 0 ? undefined : (options.ownKey?.(spec.consumerKey) ?? (await jobKey(options, job.id)));
  const refereed = job.verification === VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED;
  const keptFor = refereed ? task.id : undefined;
  const fetch = (what: keyof typeof loadLimits, blob: Blob, sealedWith: Uint8Array | undefined): Promise<Uint8Array> => fetchPart(options, spec.dataUrls, what, blob, sealedWith, keptFor);
  const { inputs, roots } = readManifest(await fetch("manifest", of.manifest, undefined));
  const named = refereed ? roots : inputs;
  if (inputs.length !== of.tasks || named.length !== of.tasks || !equalBytes(inputRoot(named), of.inputRoot)) throw new InputUnavailable("the manifest is not the one that the input root names");
  const index = task.index - of.first;
  const loaded = { program: await fetch("program", spec.program!, key), input: await fetch("input", inputs[index]!, key), roots };
  if (refereed) checkRoots(loaded, spec.programRoot, roots[index]!);
  return loaded;
}

/** What the referee would begin with must be what is here: else an honest run could be proven wrong. */
function checkRoots({ program, input }: Loaded, expected: Uint8Array, root: Blob): void {
  const found = opened(() => ({ program: programRootOf(program), input: rootsOf([input])[0]! }));
  if (!equalBytes(found.program, expected)) throw new InputUnavailable("the program is not the one that the job's program root names");
  if (found.input.size !== root.size || !equalBytes(found.input.digest, root.digest)) throw new InputUnavailable("the input is not the one that its root names");
}

export interface LoadedService {
  readonly program: Uint8Array;
  /** Opens the program; who holds it may call. */
  readonly key: Uint8Array;
}

/** Rejects as `loadTask` does. */
export async function loadService(options: LoadOptions, service: Service): Promise<LoadedService> {
  const key = await jobKey(options, service.id);
  return { key, program: await fetchPart(options, service.spec!.dataUrls, "program", service.spec!.program!, key) };
}

/** One blob, bounded, opened with the key where it is sealed. With `keptFor`, a task, it is fetched but once while that lives. */
async function fetchPart(options: LoadOptions, urls: readonly string[], what: keyof typeof loadLimits, blob: Blob, key: Uint8Array | undefined, keptFor?: bigint): Promise<Uint8Array> {
  const most = key === undefined ? loadLimits[what] : sealedSize(loadLimits[what]);
  if (blob.size > BigInt(most)) throw new InputUnavailable(`the ${what} has ${blob.size} bytes; this worker takes ${most}`);
  const kept = keptFor === undefined ? undefined : options.kept;
  const bytes = (await kept?.find(blob.digest)) ?? (await patiently(options, urls, blob));
  if (keptFor !== undefined) await kept?.keep(keptFor, blob.digest, bytes);
  return key === undefined ? bytes : opened(() => openBlob(key, bytes));
}

async function jobKey({ connection, provider, encryptionSecret }: LoadOptions, jobId: bigint): Promise<Uint8Array> {
  const { seals } = await connection.query.market.seals({ jobId, provider });
  const [seal] = seals;
  if (seal === undefined) throw new InputUnavailable("the job key was not sealed to this provider");
  return opened(() => openKey(seal.sealedKey, encryptionSecret));
}

function opened<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof SealBroken || error instanceof ProgramError || error instanceof RangeError) throw new InputUnavailable(error.message);
    throw error;
  }
}

function readManifest(bytes: Uint8Array): Manifest {
  try {
    return Manifest.decode(bytes);
  } catch {
    throw new InputUnavailable("the manifest does not decode");
  }
}

/** A server that is restarted costs its consumer some seconds, not the job. */
async function patiently({ signal, attempts = 3, pauseMs = 1_000 }: LoadOptions, urls: readonly string[], blob: Blob): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchBlob(urls, blob.digest, { maxBytes: Number(blob.size), signal });
    } catch (error) {
      if (!(error instanceof BlobUnavailable)) throw error;
      if (attempt >= attempts) throw new InputUnavailable(error.message);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}
