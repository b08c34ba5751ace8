/**
 * genesis.json as a whole. Two shapes exist: CometBFT's (`consensus_params`, `initial_height` as text), which `dcmd init` writes because
 * CometBFT reads the same file, and the Cosmos SDK's since 0.50 (`consensus.params`, `initial_height` as number). Both start the chain.
 */
import { readJson, writeFile } from "../home.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A genesis file that cannot be used: which key, what it must be. */
export class GenesisDocError extends Error {
  override readonly name = "GenesisDocError";
}

export interface GenesisDoc {
  /** RFC 3339. */
  readonly genesisTime: string;
  readonly chainId: string;
  readonly initialHeight: bigint;
  /** In CometBFT's JSON form. */
  readonly consensusParams: JsonObject;
  readonly appState: JsonObject;
  /** The file as it was read; keys that this program does not know stay in it. */
  readonly raw: JsonObject;
  /** True where CometBFT can read the file as it is. */
  readonly forComet: boolean;
}

const maxChainIdLength = 50;

/** Reads and checks a genesis file of either shape. Throws a GenesisDocError. */
export function readGenesisDoc(path: string): GenesisDoc {
  const raw = readJson(path);
  if (raw === undefined) throw new GenesisDocError(`${path} does not exist: run "dcmd init MONIKER", or put the network's genesis.json there`);
  return parseGenesisDoc(raw, path);
}

export function parseGenesisDoc(raw: unknown, path: string): GenesisDoc {
  if (!isObject(raw)) throw new GenesisDocError(`${path} is not a JSON object`);
  const chainId = raw.chain_id;
  checkChainId(chainId, path);
  const sdkConsensus = isObject(raw.consensus) ? raw.consensus : undefined;
  const consensusParams = raw.consensus_params ?? sdkConsensus?.params;
  if (!isObject(consensusParams)) throw new GenesisDocError(`${path} has no consensus_params (or consensus.params): block, evidence and validator limits must be set (ABCI-19)`);
  if (!isObject(consensusParams.block) || !isObject(consensusParams.evidence) || !isObject(consensusParams.validator)) {
    throw new GenesisDocError(`${path}: consensus_params needs block, evidence and validator (ABCI-19)`);
  }
  const appVersion = isObject(consensusParams.version) ? consensusParams.version.app : undefined;
  if (appVersion !== undefined && String(appVersion) !== "0") throw new GenesisDocError(`${path}: consensus_params.version.app must be "0", it is ${JSON.stringify(appVersion)}: CometBFT could not roll this chain back`);
  const initial = raw.initial_height ?? "1";
  if (!(typeof initial === "string" || typeof initial === "number") || !/^\d{1,18}$/.test(String(initial))) throw new GenesisDocError(`${path}: initial_height must be a whole number`);
  const time = raw.genesis_time;
  if (typeof time !== "string" || Number.isNaN(Date.parse(time))) throw new GenesisDocError(`${path}: genesis_time must be a time such as "2026-01-31T12:00:00Z"`);
  if (!isObject(raw.app_state)) throw new GenesisDocError(`${path} has no app_state: an object with one section a module`);
  const initialHeight = BigInt(initial) === 0n ? 1n : BigInt(initial);
  return {
    genesisTime: time, chainId: chainId as string, initialHeight, consensusParams, appState: raw.app_state, raw,
    forComet: typeof (raw.initial_height ?? "1") === "string" && isObject(raw.consensus_params) && raw.consensus === undefined && (raw.app_hash ?? "") === "",
  };
}

/** Throws a GenesisDocError where the text cannot name a chain. */
export function checkChainId(chainId: unknown, where = "--chain-id"): void {
  if (typeof chainId !== "string" || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(chainId) || chainId.length > maxChainIdLength) {
    throw new GenesisDocError(`${where}: a chain id has 1 to ${maxChainIdLength} letters, digits, "-", "_" or ".", it is ${JSON.stringify(chainId)?.slice(0, 100) ?? "missing"}`);
  }
}

/** The same genesis in the shape that CometBFT reads; `app_state` and unknown keys as they are. */
export function cometShape(doc: GenesisDoc): JsonObject {
  const validators = isObject(doc.raw.consensus) ? doc.raw.consensus.validators : doc.raw.validators;
  return {
    genesis_time: doc.genesisTime,
    chain_id: doc.chainId,
    initial_height: doc.initialHeight.toString(),
    consensus_params: stringified(doc.consensusParams),
    ...(Array.isArray(validators) && validators.length > 0 ? { validators } : {}),
    app_hash: "",
    app_state: doc.appState,
  };
}

/** CometBFT wants 64-bit numbers of the params as text; the SDK writes them so too, people do not always. */
function stringified(params: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(params)) {
    if (!isObject(value)) {
      if (value !== null) out[key] = value;
      continue;
    }
    out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, typeof inner === "number" ? String(inner) : inner]));
  }
  return out;
}

/** Writes `app_state` back, everything else as it was. */
export function writeAppState(path: string, doc: GenesisDoc, appState: JsonObject): void {
  writeGenesisFile(path, { ...doc.raw, app_state: appState });
}

export function writeGenesisFile(path: string, raw: JsonObject): void {
  writeFile(path, `${JSON.stringify(raw, null, 2)}\n`);
}

/** Evidence must outlive the unbonding period: both stand at 21 days, in blocks of one second. */
const evidenceSeconds = 21 * 86_400;

/** The consensus params that `dcmd init` writes: none is left to CometBFT's defaults (ABCI-19). */
export function defaultConsensusParams(): JsonObject {
  return {
    block: { max_bytes: "4194304", max_gas: "1500000000" },
    evidence: { max_age_num_blocks: String(evidenceSeconds), max_age_duration: `${evidenceSeconds}000000000`, max_bytes: "1048576" },
    validator: { pub_key_types: ["ed25519"] },
    version: { app: "0" },
    abci: { vote_extensions_enable_height: "0" },
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
