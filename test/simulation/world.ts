/** What a seed makes: accounts with keys, validators with beacon keys, and a genesis with every module. */
import { addressBytes, addressText, moduleAddress, prefixes, pubkeyAddress } from "../../chain/codec/address.ts";
import { blsKeygen, blsProvePossession, blsSign, type BlsKeyPair } from "../../chain/codec/bls.ts";
import { compareBytes, equalBytes, utf8 } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { encodePubKey } from "../../chain/codec/pubkey.ts";
import { BaseAccount } from "../../chain/codec/gen/cosmos/auth/v1beta1/auth.ts";
import { GenericAuthorization } from "../../chain/codec/gen/cosmos/authz/v1beta1/authz.ts";
import { GenesisState as AuthGenesis } from "../../chain/codec/gen/cosmos/auth/v1beta1/genesis.ts";
import { GenesisState as AuthzGenesis } from "../../chain/codec/gen/cosmos/authz/v1beta1/genesis.ts";
import { GenesisState as BankGenesis } from "../../chain/codec/gen/cosmos/bank/v1beta1/genesis.ts";
import type { Params as GovernanceParams } from "../../chain/codec/gen/cosmos/gov/v1/gov.ts";
import { GenesisState as GovernanceGenesis } from "../../chain/codec/gen/cosmos/gov/v1/genesis.ts";
import { MsgCreateValidator } from "../../chain/codec/gen/cosmos/staking/v1beta1/tx.ts";
import { GenesisState as SlashingGenesis } from "../../chain/codec/gen/cosmos/slashing/v1beta1/genesis.ts";
import { GenesisState as ValidatorsGenesis } from "../../chain/codec/gen/cosmos/staking/v1beta1/genesis.ts";
import { ContinuousVestingAccount, DelayedVestingAccount, PeriodicVestingAccount, PermanentLockedAccount } from "../../chain/codec/gen/cosmos/vesting/v1beta1/vesting.ts";
import { GenesisState as AuditorsGenesis } from "../../chain/codec/gen/dcm/auditor/v1/genesis.ts";
import { MsgRegisterBeaconKey } from "../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { GenesisState as ChannelGenesis } from "../../chain/codec/gen/dcm/channel/v1/genesis.ts";
import { GenesisState as DisputeGenesis } from "../../chain/codec/gen/dcm/dispute/v1/genesis.ts";
import { GenesisState as ForwardGenesis } from "../../chain/codec/gen/dcm/forward/v1/genesis.ts";
import { GenesisState as JurorsGenesis } from "../../chain/codec/gen/dcm/juror/v1/genesis.ts";
import { GenesisState as MarketGenesis } from "../../chain/codec/gen/dcm/market/v1/genesis.ts";
import { GenesisState as OrganizationGenesis, OrganizationRecord } from "../../chain/codec/gen/dcm/organization/v1/genesis.ts";
import { BudgetPeriod, Role, type Budget } from "../../chain/codec/gen/dcm/organization/v1/types.ts";
import { GenesisState as ProvidersGenesis } from "../../chain/codec/gen/dcm/staking/v1/genesis.ts";
import type { ConsensusParams } from "../../chain/codec/gen/tendermint/types/params.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";
import { Dec } from "../../chain/math/dec.ts";
import { keyAt } from "../../chain/modules/beacon/keys.ts";
import { keys as registeredKeys } from "../../chain/modules/beacon/state.ts";
import { possessionContext } from "../../chain/modules/beacon/seeds.ts";
import { accountText } from "../../chain/modules/organization/names.ts";
import { localnetParams } from "../../chain/modules/market/params.ts";
import { byConsensusAddress } from "../../chain/modules/staking/validators/state.ts";
import { cpuSmall, wasmCore } from "../../chain/modules/market/classes.ts";
import { createApp } from "../../chain/app.ts";
import type { GenesisInputs } from "../../chain/runtime/machine.ts";
import type { Context } from "../../chain/runtime/context.ts";
import type { Module } from "../../chain/runtime/module.ts";
import { anyOf, signedTx, testAccount, type TestAccount } from "../support/accounts.ts";
import { seeded } from "./random.ts";

export const denom = "udcm";
export const secondDenom = "ustone";
/** Carries the messages of the governance account, which has no key: genesis grants it each of them. */
export const governor = testAccount("governor");
export const governance = addressText(moduleAddress("gov"));

export interface SimulatedValidator {
  readonly operator: TestAccount;
  /** 20 bytes, as headers name it. */
  readonly consensusAddress: Uint8Array;
  readonly consensusKey: Uint8Array;
  readonly beacon: BlsKeyPair | undefined;
}

export interface SimulatedWorld {
  readonly seed: string;
  readonly chainId: string;
  readonly accounts: readonly TestAccount[];
  readonly validators: readonly SimulatedValidator[];
  readonly genesis: GenesisInputs;
}

export const genesisNanos = 1_700_000_000n * 1_000_000_000n;

/** Beacon keys that validators of simulations use, first and later. */
export const beaconKeys: readonly BlsKeyPair[] = Array.from({ length: 24 }, (_, i) => blsKeygen(sha256(utf8(`beacon key ${i}`))));

/** Signs with the key that the chain knows of the proposer, a 20-byte consensus address. */
export function beaconSigner(proposer: Uint8Array, ctx: Context): (message: Uint8Array) => Uint8Array | undefined {
  const operator = byConsensusAddress.find(ctx, proposer);
  const record = operator === undefined ? undefined : registeredKeys.find(ctx, operator);
  const key = record === undefined ? undefined : keyAt(record, ctx.height + 1n);
  const pair = key === undefined ? undefined : beaconKeys.find(({ publicKey }) => equalBytes(publicKey, key));
  return (message) => (pair === undefined ? undefined : blsSign(pair.secretKey, message));
}

/** The modules that the app is made of, for their registries only: this machine never runs. */
export function appModules(): readonly Module[] {
  const never = (): never => {
    throw new Error("no state here");
  };
  return createApp({ store: { version: 0, appHash: new Uint8Array(32), latest: () => ({ store: () => ({ get: () => undefined, has: () => false, *iterate() {} }) }), at: never, prepare: never, commit: never }, strict: true, report: never, minGasPrices: [] }).modules;
}

export function makeWorld(seed: string, modules: readonly Module[] = appModules()): SimulatedWorld {
  const random = seeded(`world ${seed}`);
  const chainId = `simulation-${seed}`.slice(0, 48);
  const accounts = Array.from({ length: 6 + random.int(8) }, (_, i) => testAccount(`${i}`));
  const validators = Array.from({ length: 1 + random.int(4) }, (_, i): SimulatedValidator => {
    const consensusKey = sha256(utf8(`consensus key ${i}`));
    return {
      operator: testAccount(`validator ${i}`), consensusKey, consensusAddress: pubkeyAddress({ kind: "ed25519", key: consensusKey }),
      beacon: i > 0 && random.chance(30) ? undefined : beaconKeys[i],
    };
  });
  const everyone = [governor, ...validators.map((validator) => validator.operator), ...accounts];
  const house = houseOf(accounts);
  const balances = [...everyone, { text: house.organization!.address }].map((account) => ({
    address: account.text,
    coins: [{ denom, amount: String(100_000_000n + random.bigint(1_000_000_000n)) }, { denom: secondDenom, amount: String(1n + random.bigint(1_000_000n)) }],
  }));
  // Some are jurors from the beginning: a jury wants more than come by chance.
  const benched = accounts.slice(0, 5).map(({ text }) => text);
  const jurorBond = 20_000n;
  const jurorsAccount = { address: addressText(moduleAddress("jurors")), coins: [{ denom, amount: String(jurorBond * BigInt(benched.length)) }] };
  const sections: Record<string, Uint8Array> = {
    auth: AuthGenesis.encode({ params: undefined, accounts: [...everyone, { text: house.organization!.address }].map((account, i) => genesisAccount(account, BigInt(i), i <= validators.length || i === everyone.length || random.chance(60) ? "base" : random.pick(vestingKinds))) }).finish(),
    bank: BankGenesis.encode({ params: { sendEnabled: [], defaultSendEnabled: true }, balances: [...balances, jurorsAccount], supply: [], denomMetadata: [], sendEnabled: [] }).finish(),
    authz: AuthzGenesis.encode({ authorization: governed(modules).map((typeUrl) => ({ granter: governance, grantee: governor.text, authorization: anyOf(GenericAuthorization, { msg: typeUrl }), expiration: undefined })) }).finish(),
  };
  const organizations = defaults(modules, "organization") as OrganizationGenesis | undefined;
  if (organizations !== undefined) sections.organization = OrganizationGenesis.encode({ ...organizations, organizations: [house] }).finish();
  const staking = defaults(modules, "staking") as ValidatorsGenesis;
  const stakingParams = { ...staking.params!, unbondingTime: { seconds: 20n, nanos: 0 }, maxValidators: 2 + random.int(5), maxEntries: 1 + random.int(7), historicalEntries: 1 + random.int(20) };
  sections.staking = ValidatorsGenesis.encode(ValidatorsGenesis.fromPartial({ ...staking, params: stakingParams })).finish();
  const slashing = defaults(modules, "slashing") as SlashingGenesis;
  sections.slashing = SlashingGenesis.encode({ ...slashing, params: { ...slashing.params!, signedBlocksWindow: random.pick([3n, 8n, 2_000n]), downtimeJailDuration: { seconds: 1n + random.bigint(20n), nanos: 0 } } }).finish();
  const gov = defaults(modules, "gov") as GovernanceGenesis;
  const voting = 5n + random.bigint(20n);
  const govParams: GovernanceParams = {
    ...gov.params!, minDeposit: [{ denom, amount: "1000000" }], expeditedMinDeposit: [{ denom, amount: "2000000" }], maxDepositPeriod: { seconds: 1n + random.bigint(30n), nanos: 0 },
    votingPeriod: { seconds: voting, nanos: 0 }, expeditedVotingPeriod: { seconds: 1n + random.bigint(voting - 1n), nanos: 0 },
  };
  sections.gov = GovernanceGenesis.encode({ ...gov, params: govParams }).finish();
  const providers = defaults(modules, "providers") as ProvidersGenesis | undefined;
  if (providers !== undefined) {
    const params = { ...providers.params!, unbondingTimeMs: 20_000n, maxUnbondingHoldMs: 60_000n, heartbeatWindowMs: 60_000n, jailMisses: 1 + random.int(2), jailTimeMs: 2_000n, minBond: "1000" };
    sections.providers = ProvidersGenesis.encode({ ...providers, params }).finish();
  }
  const auditors = defaults(modules, "auditors") as AuditorsGenesis | undefined;
  if (auditors !== undefined) {
    const params = { ...auditors.params!, minBond: "1000", unbondingTimeMs: 20_000n, maxAttestationsPerKey: 2 };
    const accreditations = accounts.slice(0, 4).map(({ text }, i) => ({ auditor: text, keys: i === 3 ? ["cpu", "gpu"] : ["*"], grantedTauMs: 0n, expiresTauMs: 60_000n * BigInt(1 + i * 100) }));
    sections.auditors = AuditorsGenesis.encode({ ...auditors, params, accreditations }).finish();
  }
  const market = defaults(modules, "market") as MarketGenesis | undefined;
  if (market !== undefined) {
    const due = (): bigint => random.pick([3_000n, 10_000n, 30_000n, 60_000n]);
    const params = {
      ...localnetParams(), startDue: due(), commitDue: due(), revealDue: due(), saltDue: due() + 5_000n, sealDue: due(), recordLifetime: 60_000n, maxSweep: random.pick([10, 500]), maxFills: random.pick([1, 5_000]),
      feeBps: random.int(1_001), maxOrderLifetime: 600_000n, profileDeposit: 1_000_000n,
    };
    const classes = [{ ...cpuSmall(), minBondPerUnit: 100n }, { ...wasmCore(), minBondPerUnit: 100n, maxLotMs: 500n }];
    const quoteDenoms = [{ denom: secondDenom, rate: { bondUnits: 1n + random.bigint(20n), quoteUnits: 1n + random.bigint(20n) }, closed: false }];
    sections.market = MarketGenesis.encode({ ...market, params: [{ version: 1n, params }], classes, quoteDenoms }).finish();
  }
  const channel = defaults(modules, "channel") as ChannelGenesis | undefined;
  if (channel !== undefined) {
    const params = { ...channel.params!, minClosingPeriod: 1_000n, closingPeriod: random.pick([2_000n, 10_000n, 30_000n]), feeBps: random.pick([0, random.int(1_001)]), maxSweep: random.pick([10, 500]) };
    sections.channel = ChannelGenesis.encode({ ...channel, params }).finish();
  }
  const forward = defaults(modules, "forward") as ForwardGenesis | undefined;
  if (forward !== undefined) {
    const params = { ...forward.params!, slotLength: random.pick([30_000n, 60_000n]), maxSlotsAhead: 2, marginBps: random.pick([2_000, 1 + random.int(10_000)]), maxFills: random.pick([2, 2_000]), maxSweep: random.pick([10, 500]) };
    sections.forward = ForwardGenesis.encode({ ...forward, params }).finish();
  }
  const jurors = defaults(modules, "jurors") as JurorsGenesis | undefined;
  if (jurors !== undefined) {
    const known = benched.map((juror) => ({ juror, profile: { moniker: "a juror", url: "" }, bond: { total: String(jurorBond), locked: "0", unbonding: "0", retiring: false } }));
    sections.jurors = JurorsGenesis.encode({ ...jurors, params: { ...jurors.params!, minBond: "1000", unbondingTimeMs: 20_000n }, jurors: known }).finish();
  }
  const dispute = defaults(modules, "dispute") as DisputeGenesis | undefined;
  if (dispute !== undefined) {
    const due = (): bigint => random.pick([10_000n, 20_000n, 40_000n]);
    const params = {
      ...dispute.params!, jurySize: random.pick([1, 1, 3]), maxAppeals: random.int(3), jurorFee: String(random.int(2_000)), jurorStake: "500", evidenceDue: 2_000n, commitDue: due(), revealDue: due(), appealDue: due(), drawDue: due(), voteDue: due(),
      recordLifetime: 60_000n, maxSweep: random.pick([10, 500]),
    };
    sections.dispute = DisputeGenesis.encode({ ...dispute, params }).finish();
  }
  return { seed, chainId, accounts, validators, genesis: { chainId, timeNanos: genesisNanos, initialHeight: 1n, sections, genTxs: validators.map((validator) => genesisTx(chainId, validator, random.int(20))), consensusParams: { ...consensusParams, evidence: { ...consensusParams.evidence!, maxAgeNumBlocks: random.pick([2n, 100_000n]) } } } };
}

const consensusParams: ConsensusParams = {
  block: { maxBytes: 4_194_304n, maxGas: 100_000_000n },
  evidence: { maxAgeNumBlocks: 100_000n, maxAgeDuration: { seconds: 172_800n, nanos: 0 }, maxBytes: 1_048_576n },
  validator: { pubKeyTypes: ["ed25519"] },
  version: { app: 0n },
  abci: { voteExtensionsEnableHeight: 0n },
  authority: undefined,
};

function defaults(modules: readonly Module[], name: string): unknown {
  return modules.find((module) => module.name === name)?.genesis?.defaults();
}

/** The types of messages that only the governance account may send. */
export function governed(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => module.messages).filter(({ request }) => {
    const type = request as unknown as { fromPartial(value: object): object };
    return "authority" in type.fromPartial({});
  }).map((message) => message.typeUrl);
}

/** An organization with money and budgets whose owner and spenders are the first accounts: so orders spend such money from the first block on. */
function houseOf(accounts: readonly TestAccount[]): OrganizationRecord {
  const name = "house";
  const budget = (of: string): Budget => ({ denom: of, member: "", tagKey: "", tagValue: "", limit: "1000000000000", period: BudgetPeriod.BUDGET_PERIOD_TOTAL });
  const members = accounts.slice(0, 4).map(({ text }, i) => ({ organization: name, address: text, role: i === 0 ? Role.ROLE_OWNER : Role.ROLE_SPENDER, accepted: true }));
  return OrganizationRecord.fromPartial({
    organization: { name, address: accountText(name), createdAt: { seconds: genesisNanos / 1_000_000_000n, nanos: 0 }, policyVersion: 1n, members: members.length, owners: 1, budgets: 2, nextBudgetId: 3n },
    policy: {}, members: [...members].sort((a, b) => compareBytes(addressBytes(a.address), addressBytes(b.address))), budgets: [denom, secondDenom].map((of, i) => ({ organization: name, id: BigInt(i + 1), budget: budget(of), periodIndex: 0n, spent: "0" })),
  });
}

const vestingKinds = ["continuous", "delayed", "periodic", "permanent"] as const;

/** Vesting accounts hold a tenth of what they got back until a while after genesis. */
function genesisAccount({ text: address }: Pick<TestAccount, "text">, accountNumber: bigint, kind: "base" | (typeof vestingKinds)[number]): Any {
  const baseAccount = { address, pubKey: undefined, accountNumber, sequence: 0n };
  if (kind === "base") return anyOf(BaseAccount, baseAccount);
  const originalVesting = [{ denom, amount: "10000000" }];
  const startTime = genesisNanos / 1_000_000_000n;
  const base = { baseAccount, originalVesting, delegatedFree: [], delegatedVesting: [], endTime: kind === "permanent" ? 0n : startTime + 600n };
  switch (kind) {
    case "continuous": return anyOf(ContinuousVestingAccount, { baseVestingAccount: base, startTime });
    case "delayed": return anyOf(DelayedVestingAccount, { baseVestingAccount: base });
    case "periodic": return anyOf(PeriodicVestingAccount, { baseVestingAccount: base, startTime, vestingPeriods: [{ length: 100n, amount: [{ denom, amount: "4000000" }] }, { length: 500n, amount: [{ denom, amount: "6000000" }] }] });
    case "permanent": return anyOf(PermanentLockedAccount, { baseVestingAccount: base });
  }
}

function genesisTx(chainId: string, { operator, consensusKey, beacon }: SimulatedValidator, power: number): Uint8Array {
  const validatorAddress = addressText(operator.address, prefixes.validator);
  const dec = (text: string): string => Dec.parse(text).toProto();
  const messages = [anyOf(MsgCreateValidator, {
    description: { moniker: "validator", identity: "", website: "", securityContact: "", details: "" }, commission: { rate: dec("0.1"), maxRate: dec("0.2"), maxChangeRate: dec("0.01") },
    minSelfDelegation: "1", delegatorAddress: "", validatorAddress, pubkey: encodePubKey({ kind: "ed25519", key: consensusKey }), value: { denom, amount: String(BigInt(power + 1) * 1_000_000n) },
  })];
  if (beacon !== undefined) messages.push(anyOf(MsgRegisterBeaconKey, { validatorAddress, publicKey: beacon.publicKey, proofOfPossession: blsProvePossession(beacon.secretKey, possessionContext(chainId, operator.address)) }));
  return signedTx(operator, { chainId, accountNumber: 0n, sequence: 0n, messages, gas: 400_000n });
}
