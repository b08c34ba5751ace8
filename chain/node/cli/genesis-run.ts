/** Genesis in memory: the modules' defaults, and the first state that a file makes. */
import { createApp } from "../../app.ts";
import type { ConsensusParams } from "../../codec/gen/tendermint/types/params.ts";
import type { ValidatorUpdate } from "../../codec/gen/tendermint/abci/types.ts";
import { parseTimestamp } from "../../codec/json-text.ts";
import type { Machine } from "../../runtime/machine.ts";
import { blankStore } from "../blank-store.ts";
import { isObject, type GenesisDoc, type JsonObject } from "../config/genesis-doc.ts";
import { appStateBytes, readGenesis, writeGenesis } from "../genesis.ts";

function blankMachine(): Machine {
  return createApp({ store: blankStore, strict: true, report: () => undefined, minGasPrices: [] });
}

/** `app_state` with every module's defaults. */
export function defaultAppState(): JsonObject {
  const { modules } = blankMachine();
  const sections: Record<string, Uint8Array> = {};
  for (const { name, genesis } of modules) if (genesis !== undefined) sections[name] = genesis.type.encode(genesis.defaults()).finish();
  return writeGenesis(sections, modules) as JsonObject;
}

/** Runs a genesis as InitChain would. Throws GenesisError, TxError and the modules' own errors. */
export function runGenesis(doc: GenesisDoc): { validators: readonly ValidatorUpdate[]; genTxs: number } {
  const machine = blankMachine();
  const { sections, genTxs } = readGenesis(appStateBytes(doc.appState), machine.modules);
  const time = parseTimestamp(doc.genesisTime);
  const { validators } = machine.initChain({
    chainId: doc.chainId, timeNanos: time.seconds * 1_000_000_000n + BigInt(time.nanos), initialHeight: doc.initialHeight, sections, genTxs, consensusParams: consensusParamsOf(doc.consensusParams),
  });
  return { validators, genTxs: genTxs.length };
}

/** CometBFT's JSON form of the consensus params (durations in nanoseconds) as protobuf. */
function consensusParamsOf(json: JsonObject): ConsensusParams {
  const section = (name: string): JsonObject => (isObject(json[name]) ? json[name] : {});
  const integer = (value: unknown, fallback: bigint): bigint => (typeof value === "string" || typeof value === "number" ? BigInt(value) : fallback);
  const { block, evidence, validator, version, abci } = { block: section("block"), evidence: section("evidence"), validator: section("validator"), version: section("version"), abci: section("abci") };
  const age = integer(evidence.max_age_duration, 0n);
  return {
    block: { maxBytes: integer(block.max_bytes, 0n), maxGas: integer(block.max_gas, -1n) },
    evidence: { maxAgeNumBlocks: integer(evidence.max_age_num_blocks, 0n), maxAgeDuration: { seconds: age / 1_000_000_000n, nanos: Number(age % 1_000_000_000n) }, maxBytes: integer(evidence.max_bytes, 0n) },
    validator: { pubKeyTypes: (Array.isArray(validator.pub_key_types) ? validator.pub_key_types : []).map(String) },
    version: { app: integer(version.app, 0n) },
    abci: { voteExtensionsEnableHeight: integer(abci.vote_extensions_enable_height, 0n) },
    authority: undefined,
  };
}
