/** genesis.json's `app_state` to protobuf sections and back: the only place where consensus data is JSON. */
import { utf8 } from "../codec/bytes.ts";
import { fromJson, toJson } from "../codec/proto-json.ts";
import { genesisTransaction } from "../modules/genutil/module.ts";
import type { Module } from "../runtime/module.ts";

/** A genesis that this chain cannot start from: says which section, why, and what to do. */
export class GenesisError extends Error {
  override readonly name = "GenesisError";
}

export interface ParsedGenesis {
  readonly sections: Record<string, Uint8Array>;
  readonly genTxs: Uint8Array[];
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** SDK modules that carry no state of their own: their empty sections are accepted. */
const stateless = ["params", "vesting", "consensus", "runtime", "upgrade"];

/**
 * Reads `app_state` (UTF-8 JSON, SDK-shaped). A section of an unknown module is refused by name; a section of a known one that does not
 * parse or that contradicts itself says where.
 */
export function readGenesis(bytes: Uint8Array, modules: readonly Module[]): ParsedGenesis {
  let state: Json;
  try {
    state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Json;
  } catch (error) {
    throw new GenesisError(`app_state is not JSON: ${reason(error)}`);
  }
  if (state === null || typeof state !== "object" || Array.isArray(state)) throw new GenesisError("app_state is an object with one section a module");
  const sections: Record<string, Uint8Array> = {};
  const genTxs: Uint8Array[] = [];
  const known = modules.filter((module) => module.genesis !== undefined);
  for (const [name, section] of Object.entries(state)) {
    if (name === "genutil") {
      genTxs.push(...readGenTxs(section));
      continue;
    }
    const module = known.find((candidate) => candidate.name === name);
    if (module?.genesis === undefined) {
      if (stateless.includes(name) || section === null) continue;
      throw new GenesisError(
        `app_state.${name}: this chain has no module "${name}" yet (it has ${known.map((m) => m.name).join(", ")}). Take the section out of genesis.json if the chain does not need it, or run a version that has the module.`,
      );
    }
    try {
      const encoded = fromJson(module.genesis.type.$type, section);
      module.genesis.check(module.genesis.type.decode(encoded));
      sections[name] = encoded;
    } catch (error) {
      throw new GenesisError(`app_state.${name}: ${reason(error)}`);
    }
  }
  return { sections, genTxs };
}

function readGenTxs(section: Json): Uint8Array[] {
  if (section === null || typeof section !== "object" || Array.isArray(section)) throw new GenesisError("app_state.genutil is an object with gen_txs");
  const list = section.gen_txs ?? [];
  if (!Array.isArray(list)) throw new GenesisError("app_state.genutil.gen_txs is a list of transactions");
  return list.map((json, i) => {
    try {
      return genesisTransaction(json);
    } catch (error) {
      throw new GenesisError(`app_state.genutil.gen_txs[${i}]: ${reason(error)}`);
    }
  });
}

/** The sections of an export as `app_state`. */
export function writeGenesis(sections: Readonly<Record<string, Uint8Array>>, modules: readonly Module[]): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const module of modules) {
    const section = sections[module.name];
    if (section !== undefined && module.genesis !== undefined) state[module.name] = toJson(module.genesis.type.$type, section);
  }
  return { ...state, genutil: { gen_txs: [] } };
}

/** The bytes that InitChain carries. */
export function appStateBytes(state: unknown): Uint8Array {
  return utf8(JSON.stringify(state));
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
