/** The modules' consensus versions in the state, and how they rise at an upgrade. */
import { utf8 } from "../codec/bytes.ts";
import { map, textTailKey, uint64Value } from "./collections.ts";
import type { Context } from "./context.ts";
import type { Module } from "./module.ts";

/** The store of the machine itself: the last header and the modules' versions. */
export const runtimeStore = "runtime";

/** Module name to consensus version. */
export const moduleVersions = map(runtimeStore, utf8("version/"), textTailKey, uint64Value);

/** The sentence that says where this build's modules are not those that the state was made by, or undefined. */
export function versionsFault(ctx: Context, modules: readonly Module[]): string | undefined {
  for (const { name, consensusVersion } of modules) {
    const version = moduleVersions.find(ctx, name);
    if (version === undefined) return `this build has the module ${name}, the state does not`;
    if (version !== BigInt(consensusVersion)) return `module ${name} is at consensus version ${version} in the state, at ${consensusVersion} in this build`;
  }
  return undefined;
}

/**
 * Brings the state of every module to its consensus version, in the order of the modules: those that the state does not know begin with
 * their genesis defaults, each other one runs its migrations one version after another. Throws where a module is older than its state.
 */
export function migrate(ctx: Context, modules: readonly Module[]): void {
  for (const module of modules) {
    const { name, consensusVersion, genesis, migrations } = module;
    const from = moduleVersions.find(ctx, name);
    if (from !== undefined && from > BigInt(consensusVersion)) throw new RangeError(`module ${name} is at consensus version ${from} in the state and only at ${consensusVersion} in this build`);
    if (from === undefined) genesis?.init(ctx, genesis.defaults());
    else for (let version = Number(from); version < consensusVersion; version++) {
      const step = migrations?.[version];
      if (step === undefined) throw new RangeError(`module ${name} has no migration from consensus version ${version}, which the state has`);
      step(ctx);
    }
    moduleVersions.set(ctx, name, BigInt(consensusVersion));
  }
}
