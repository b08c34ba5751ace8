/** The chain: the only list of modules, in execution order, and how they are wired. */
import { createAnte } from "./ante/ante.ts";
import { addressText, moduleAddress } from "./codec/address.ts";
import { authModule } from "./modules/auth/module.ts";
import { bankModule } from "./modules/bank/module.ts";
import { clockModule } from "./modules/clock/module.ts";
import { providersModule } from "./modules/staking/providers/module.ts";
import { Machine, runtimeStore, type MachineOptions } from "./runtime/machine.ts";
import { Router } from "./runtime/router.ts";
import type { Module } from "./runtime/module.ts";

/** Module accounts and what they may do with coins. */
const moduleAccounts = {
  fee_collector: [],
  bonded_tokens_pool: ["burner", "staking"],
  not_bonded_tokens_pool: ["burner", "staking"],
  gov: ["burner"],
  providers: ["burner"],
  market: ["burner"],
} as const;

/** Messages pay these accounts only through the modules that own them. */
const blocked = Object.keys(moduleAccounts).filter((name) => name !== "gov");

export interface AppOptions extends Pick<MachineOptions, "store" | "strict" | "report" | "minGasPrices" | "checkInvariants"> {
  /** Signs with this node's beacon key; a node without one proposes no reveals. */
  readonly signBeacon?: (message: Uint8Array) => Uint8Array | undefined;
}

interface Wiring {
  readonly modules: readonly Module[];
  readonly machine: (options: AppOptions) => Machine;
}

function wire(): Wiring {
  const router = new Router();
  const authority = addressText(moduleAddress("gov"));
  const { module: auth, accounts } = authModule(moduleAccounts);
  const { module: bank, bank: money } = bankModule({ accounts, blocked });
  const { module: clock, clock: time } = clockModule();
  const { module: providers } = providersModule({ bank: money, accounts, clock: time, authority });
  const modules = [clock, auth, bank, providers];
  router.bind(modules);
  const ante = createAnte({
    accounts,
    bank: money,
    feegrant: { use() { throw new Error(); } },
    messages: {
      signers: ({ typeUrl, message }) => router.message(typeUrl)!.handler.signers(message),
      check: ({ typeUrl, message }) => router.message(typeUrl)!.handler.check(message),
    },
  });
  return {
    modules,
    machine: ({ signBeacon, ...options }) => new Machine({ ...options, modules, router, ante, consensusParams: { init() {}, maxBlockGas: () => -1n } }),
  };
}

/** The stores of the app hash, by name. */
export const storeNames: readonly string[] = [runtimeStore, ...wire().modules.flatMap((module) => module.stores)];

/** One state machine over one store. */
export function createApp(options: AppOptions): Machine {
  return wire().machine(options);
}
