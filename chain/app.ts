/** The chain: the only list of modules, in execution order, and how they are wired. */
import { createAnte, type Messages } from "./ante/ante.ts";
import { createClaims } from "./ante/claims.ts";
import { addressText, moduleAddress } from "./codec/address.ts";
import { authModule } from "./modules/auth/module.ts";
import { authzModule } from "./modules/authz/module.ts";
import { bankModule } from "./modules/bank/module.ts";
import { beaconModule } from "./modules/beacon/module.ts";
import { channelModule } from "./modules/channel/module.ts";
import { clockModule } from "./modules/clock/module.ts";
import { consensusModule } from "./modules/consensus/module.ts";
import { disputeModule } from "./modules/dispute/module.ts";
import { distributionModule } from "./modules/distribution/module.ts";
import { evidenceModule } from "./modules/evidence/module.ts";
import { feegrantModule } from "./modules/feegrant/module.ts";
import { forwardModule } from "./modules/forward/module.ts";
import { governanceModule } from "./modules/governance/module.ts";
import { marketModule } from "./modules/market/module.ts";
import { mintModule } from "./modules/mint/module.ts";
import { organizationModule } from "./modules/organization/module.ts";
import { paramsModule } from "./modules/params/module.ts";
import { refereeModule } from "./modules/referee/module.ts";
import { sessionFees } from "./modules/session/keeper.ts";
import { sessionModule } from "./modules/session/module.ts";
import { slashingModule } from "./modules/slashing/module.ts";
import { auditorsModule } from "./modules/staking/auditors/module.ts";
import { jurorsModule } from "./modules/staking/jurors/module.ts";
import { providersModule } from "./modules/staking/providers/module.ts";
import { validatorsModule } from "./modules/staking/validators/module.ts";
import { upgradeModule } from "./modules/upgrade/module.ts";
import type { Upgrade } from "./modules/upgrade/ports.ts";
import { vestingModule } from "./modules/vesting/module.ts";
import { Machine, type MachineOptions } from "./runtime/machine.ts";
import { runtimeStore } from "./runtime/migrations.ts";
import { Router } from "./runtime/router.ts";
import { upgrades as registered } from "./upgrades/registry.ts";
import type { RefereePort } from "./modules/market/ports.ts";
import type { StakingHooks } from "./modules/staking/validators/ports.ts";
import type { Module } from "./runtime/module.ts";

/** Module accounts and what they may do with coins. */
const moduleAccounts = {
  fee_collector: [],
  distribution: [],
  mint: ["minter"],
  bonded_tokens_pool: ["burner", "staking"],
  not_bonded_tokens_pool: ["burner", "staking"],
  gov: ["burner"],
  providers: ["burner"],
  auditors: ["burner"],
  market: ["burner"],
  channel: [],
  forward: [],
  jurors: [],
  dispute: ["burner"],
  referee: ["burner"],
} as const;

/** Messages pay these accounts only through the modules that own them. */
const blocked = Object.keys(moduleAccounts).filter((name) => name !== "gov");

export interface AppOptions extends Pick<MachineOptions, "store" | "strict" | "report" | "minGasPrices" | "checkInvariants"> {
  /** Signs with this node's beacon key; a node without one proposes no reveals. */
  readonly signBeacon?: (message: Uint8Array) => Uint8Array | undefined;
  /** Heights at which a plan passes without its upgrade. */
  readonly skipUpgradeHeights?: readonly bigint[];
  /** What this build can do; the registry where nothing else is said. */
  readonly upgrades?: readonly Upgrade[];
}

interface Wiring {
  readonly modules: readonly Module[];
  machine(options: AppOptions): Machine;
}

function wire(): Wiring {
  const router = new Router();
  const authority = addressText(moduleAddress("gov"));
  const { module: clock, clock: time } = clockModule();
  const { module: auth, accounts } = authModule(moduleAccounts);
  const { module: bank, bank: money, meter } = bankModule({ accounts, blocked });
  const { module: consensus, consensusParams } = consensusModule();
  const stakingHooks: StakingHooks[] = [];
  const { module: staking, validators } = validatorsModule({ bank: money, accounts, hooks: stakingHooks });
  const { module: feegrants, feegrant } = feegrantModule({ accounts, bank: money });
  const { module: vesting } = vestingModule({ bank: money, accounts });
  const { module: beacon, beacon: seeds, proposal, hooks: beaconHooks } = beaconModule({ validators, authority });
  const { module: mint } = mintModule({ bank: money, accounts, staking: validators });
  const { module: distribution, distribution: community, hooks: distributionHooks } = distributionModule({ bank: money, accounts, staking: validators });
  const { module: slashing, slashing: punishments, hooks: slashingHooks } = slashingModule({ validators });
  const { module: evidence } = evidenceModule({ validators, slashing: punishments, consensusParams });
  const { module: governance, hooks: governanceHooks } = governanceModule({ bank: money, accounts, staking: validators, messages: router, distribution: community });
  // Staking calls them in this order.
  stakingHooks.push(distributionHooks, slashingHooks, beaconHooks, governanceHooks);
  const { module: organization, organizations } = organizationModule({ bank: money, accounts, authority });
  const { module: providers, providers: bonds } = providersModule({ bank: money, accounts, clock: time, affiliations: organizations, authority });
  const { module: auditors, attestations } = auditorsModule({ bank: money, accounts, clock: time, providers: bonds, authority });
  // Each calls the other: the referee is there before anything is executed.
  const later: RefereePort = { auditDiffers: (...what) => { disputes.auditDiffers(...what); }, replicasDiffer: (...what) => { disputes.replicasDiffer(...what); } };
  const { module: market, deliveries, holds, refereed } = marketModule({ bank: money, accounts, clock: time, beacon: seeds, providers: bonds, attestations, organizations, referee: later, authority });
  const { module: channel } = channelModule({ bank: money, accounts, clock: time, providers: bonds, attestations, organizations, authority });
  const { module: forward } = forwardModule({ bank: money, accounts, clock: time, beacon: seeds, providers: bonds, attestations, organizations, deliveries, authority });
  const { module: jurorship, jurors } = jurorsModule({ bank: money, accounts, clock: time, authority });
  const { module: dispute } = disputeModule({ bank: money, accounts, clock: time, beacon: seeds, holds, jurors, organizations, authority });
  const { module: referee, referee: disputes } = refereeModule({ bank: money, accounts, clock: time, providers: bonds, refereed, authority });
  const { module: upgrade, upgradeRule } = upgradeModule({ authority });
  const { module: authz } = authzModule({ accounts, bank: money, messages: router });
  const { module: session } = sessionModule({ accounts, meter, clock: time, messages: router, authority });
  // Genesis, begin and end of blocks run in this order.
  const modules = [clock, consensus, auth, bank, vesting, feegrants, authz, session, paramsModule().module, upgrade, mint, distribution, slashing, evidence, staking, beacon, organization, providers, auditors, market, channel, forward, jurorship, dispute, referee, governance];
  router.bind(modules);
  const messages: Messages = {
    signers: ({ typeUrl, message }) => router.message(typeUrl)!.handler.signers(message),
    // The SDK's messages are looked at when they run, so that wallets meet its words where they expect them; ours are refused before they cost anything.
    check({ typeUrl, message }) {
      if (!typeUrl.startsWith("/dcm.")) return false;
      router.message(typeUrl)!.handler.check(message);
      return true;
    },
  };
  const ante = createAnte({ accounts, bank: money, feegrant: sessionFees({ clock: time }, feegrant), messages });
  const claims = createClaims(accounts, messages);
  return {
    modules,
    machine: ({ signBeacon = () => undefined, skipUpgradeHeights = [], upgrades = registered, ...options }) => new Machine({
      ...options, modules, router, ante, claims, consensusParams, proposal: proposal.rule(signBeacon), upgrades: upgradeRule({ modules, upgrades, skipHeights: skipUpgradeHeights }),
    }),
  };
}

/** The stores of the app hash, by name. */
export const storeNames: readonly string[] = [runtimeStore, ...wire().modules.flatMap((module) => module.stores)];

/** One state machine over one store. */
export function createApp(options: AppOptions): Machine {
  return wire().machine(options);
}
