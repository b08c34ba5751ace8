/**
 * A worker's home: `worker.json` says what it offers and where, `encryption.key` is its X25519 secret. It signs with `session.key`, a key that the provider's operator
 * granted a session to, or with an account of its own, `wallet.json` or `mnemonic`.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { isAddress, prefixes } from "../chain/codec/address.ts";
import { loadKeyPair, type KeyPair } from "./seal/index.ts";
import type { SessionTerms } from "../client/session.ts";
import { wrong } from "./fields.ts";
import { verifications, type Verification } from "./gateway/bid.ts";
import { faultKinds, type FaultKind } from "./agent/faults.ts";
import { checkSlurmSettings, type SlurmSettings } from "./slurm/settings.ts";

export interface WorkerConfig {
  /** CometBFT RPC of the node that it trusts, e.g. `http://127.0.0.1:26657`. */
  readonly rpc: string;
  readonly chainId: string;
  readonly moniker: string;
  /** Where it listens for those who fetch results. */
  readonly data: { readonly host: string; readonly port: number; /** As others reach it; by default from host and port. */ readonly url?: string };
  readonly gasPrice: { readonly denom: string; readonly amount: number };
  /** First bond in the bond denom. */
  readonly bond: string;
  /** The provider that a worker with a session key works for. A key may be granted sessions by anybody: this one counts. */
  readonly operator?: string;
  /** What the operator grants to the session key, in terms of what it may cost; by default 100 coins of the gas denom a day, for 30 days. */
  readonly session?: { readonly spendLimit: readonly { readonly denom: string; readonly amount: string }[]; readonly periodMs: number; readonly lifetimeMs: number };
  readonly organization?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly ask: {
    readonly classId: string;
    readonly quoteDenom: string;
    readonly price: string;
    readonly units: number;
    /** What it takes on top for each attribute that it offers, by key, as text. */
    readonly premiums?: Readonly<Record<string, string>>;
    /** Units in one place, at most. */
    readonly maxColocated?: number;
    /** The longest acceptance window that it takes, in milliseconds: so long a consumer may hold its pay back and dispute the result. By default none. */
    readonly maxAcceptanceWindowMs?: number;
    /** The levels of verification at which it serves; by default all. At V1 and V2 other providers, whom a bid's terms choose from the book, can take its stake. */
    readonly levels?: readonly Verification[];
  };
  /** Runs refereed jobs too: programs of a class whose runtime is `rv32`. */
  readonly refereedAsk?: WorkerConfig["ask"];
  /** Serves services too: instances of a class that is metered by time. */
  readonly serviceAsk?: {
    readonly classId: string; readonly quoteDenom: string; readonly price: string; readonly units: number;
    readonly premiums?: Readonly<Record<string, string>>;
    /** The longest notice before an instance is reclaimed, in milliseconds; by default the least that the chain allows. */
    readonly reclaimNoticeMs?: number;
    /** True: for less money, but without a promise beyond the notice. */
    readonly preemptible?: boolean;
    /** The longest time that a consumer may hold back what streams, from the begin of a period to the end of the window behind it, in milliseconds. By default none. */
    readonly maxAcceptanceWindowMs?: number;
  };
  /** Tasks run at a time; by default the units of the ask. */
  readonly slots?: number;
  /** Where tasks run: in this machine's own sandbox (the default), or as jobs of a Slurm cluster. */
  readonly backend?: BackendConfig;
  readonly pollMs?: number;
  /** Misbehaviour to order, on test networks. */
  readonly fault?: FaultKind;
}

export type BackendConfig = { readonly kind: "local" } | ({ readonly kind: "slurm" } & SlurmSettings);

/** A home that a worker cannot run from: says which file, what is wrong, what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export function readConfig(home: string): WorkerConfig {
  const path = join(home, "worker.json");
  let config: WorkerConfig;
  try {
    config = JSON.parse(readFileSync(path, "utf8")) as WorkerConfig;
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw new ConfigError(`${path}: ${what}`);
  };
  need(typeof config.rpc === "string" && /^https?:\/\//.test(config.rpc), "rpc is a URL such as http://127.0.0.1:26657");
  need(typeof config.chainId === "string" && config.chainId !== "", "chainId is the chain's id, as `status` shows it");
  need(typeof config.moniker === "string", "moniker is a name for people");
  need(typeof config.data?.host === "string" && Number.isInteger(config.data.port), "data is {\"host\": \"127.0.0.1\", \"port\": 0}");
  need(typeof config.gasPrice?.denom === "string" && typeof config.gasPrice.amount === "number", "gasPrice is {\"denom\": \"udcm\", \"amount\": 0.0025}");
  need(/^\d+$/.test(config.bond), "bond is a whole number of the bond denom, as text");
  need(typeof config.ask?.classId === "string" && typeof config.ask.quoteDenom === "string" && /^\d+$/.test(config.ask.price) && Number.isInteger(config.ask.units), "ask is {\"classId\", \"quoteDenom\", \"price\" (text), \"units\"}");
  const priced = (premiums: Readonly<Record<string, string>> | undefined): boolean =>
    Object.entries(premiums ?? {}).every(([key, price]) => typeof price === "string" && /^\d+$/.test(price) && config.attributes?.[key] !== undefined);
  need(priced(config.ask.premiums), "ask.premiums has a price (text) for attributes of this provider, by key");
  need(config.ask.maxColocated === undefined || (Number.isInteger(config.ask.maxColocated) && config.ask.maxColocated >= 0 && config.ask.maxColocated <= config.ask.units), "ask.maxColocated is a whole number up to ask.units");
  const service = config.serviceAsk;
  const refereed = config.refereedAsk;
  need(refereed === undefined || (typeof refereed.classId === "string" && typeof refereed.quoteDenom === "string" && /^\d+$/.test(refereed.price) && Number.isInteger(refereed.units)), "refereedAsk is {\"classId\", \"quoteDenom\", \"price\" (text), \"units\"}");
  need(priced(refereed?.premiums), "refereedAsk.premiums has a price (text) for attributes of this provider, by key");
  for (const [name, offered] of [["ask", config.ask], ["refereedAsk", refereed]] as const) {
    const own: unknown = offered?.levels;
    need(own === undefined || (Array.isArray(own) && own.length > 0 && own.every((level) => verifications.includes(level as Verification))), `${name}.levels is a list of ${verifications.join(", ")}`);
  }
  for (const [name, offered] of [["ask", config.ask], ["refereedAsk", refereed], ["serviceAsk", service]] as const) {
    const acceptance = offered?.maxAcceptanceWindowMs;
    need(acceptance === undefined || (Number.isSafeInteger(acceptance) && acceptance >= 0), `${name}.maxAcceptanceWindowMs is a whole number`);
  }
  need(service === undefined || (typeof service.classId === "string" && typeof service.quoteDenom === "string" && /^\d+$/.test(service.price) && Number.isInteger(service.units)), "serviceAsk is {\"classId\", \"quoteDenom\", \"price\" (text), \"units\"}");
  need(service?.reclaimNoticeMs === undefined || Number.isSafeInteger(service.reclaimNoticeMs), "serviceAsk.reclaimNoticeMs is a whole number");
  need(priced(service?.premiums), "serviceAsk.premiums has a price (text) for attributes of this provider, by key");
  need(config.operator === undefined || isAddress(config.operator), "operator is the address of the provider's account");
  const { session } = config;
  need(session === undefined || (Array.isArray(session.spendLimit) && session.spendLimit.every((coin) => typeof coin?.denom === "string" && /^\d+$/.test(coin.amount)) && Number.isSafeInteger(session.periodMs) && session.periodMs >= 0 && Number.isSafeInteger(session.lifetimeMs) && session.lifetimeMs > 0),
    "session is {\"spendLimit\": [{\"denom\": \"udcm\", \"amount\": \"100000000\"}], \"periodMs\": 86400000, \"lifetimeMs\": 2592000000}");
  checkBackend(path, config.backend);
  need(config.fault === undefined || faultKinds.includes(config.fault), `fault is one of ${faultKinds.join(", ")}`);
  return config;
}

function checkBackend(path: string, backend: unknown): void {
  const kind = (backend as { readonly kind?: unknown } | null | undefined)?.kind;
  if (backend === undefined || (kind === "local" && Object.keys(backend as object).length === 1)) return;
  try {
    if (kind !== "slurm") throw wrong("backend", "{\"kind\": \"local\"} or {\"kind\": \"slurm\", \"directory\": \"/shared/dcm\"}", backend);
    checkSlurmSettings(backend);
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
}

const day = 86_400_000;

/** What a session key may cost its operator, where the configuration does not say. */
export function sessionTerms({ session, gasPrice }: WorkerConfig): SessionTerms {
  return session ?? { spendLimit: [{ denom: gasPrice.denom, amount: "100000000" }], periodMs: day, lifetimeMs: 30 * day };
}

/** Where others reach the home's data. Throws a ConfigError where that shows only once the worker runs. */
export function dataUrlOf({ data }: WorkerConfig): string {
  if (data.url === undefined && data.port === 0) throw new ConfigError("worker.json: data.url must be given, or a data.port other than 0: the provider's profile names it before the worker runs");
  return data.url ?? `http://${data.host}:${data.port}`;
}

/** The account: `wallet.json` (encrypted; the password is in DCM_WORKER_PASSWORD) or, on test networks, `mnemonic`. */
export async function readWallet(home: string, password: string | undefined): Promise<DirectSecp256k1HdWallet> {
  const encrypted = join(home, "wallet.json");
  if (existsSync(encrypted)) {
    if (password === undefined) throw new ConfigError(`${encrypted} is encrypted: set DCM_WORKER_PASSWORD`);
    return DirectSecp256k1HdWallet.deserialize(readFileSync(encrypted, "utf8"), password);
  }
  const plain = join(home, "mnemonic");
  if (!existsSync(plain)) throw new ConfigError(`${home} has neither wallet.json nor mnemonic: create one with \`node bootstrap.mjs worker/main.ts init --home ${home}\``);
  if ((statSync(plain).mode & 0o077) !== 0) throw new ConfigError(`${plain} can be read by others: chmod 600 ${plain}`);
  return DirectSecp256k1HdWallet.fromMnemonic(readFileSync(plain, "utf8").trim(), { prefix: prefixes.account });
}

/** The X25519 pair that inputs are sealed to, in `encryption.key`; made on first use, mode 0600. */
export function encryptionKeys(home: string): KeyPair {
  try {
    return loadKeyPair(join(home, "encryption.key"));
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}
