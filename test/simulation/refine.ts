/**
 * Messages that follow a thread through several blocks: secrets committed now and opened later, tasks in the state that a message needs.
 * The generators of the modules make one message at a time; what they leave open is filled in here, by type URL.
 */
import { createRequire } from "node:module";
import { addressBytes, addressText, prefixes } from "../../chain/codec/address.ts";
import { concatBytes, equalBytes, uint64Bytes, utf8 } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";
import type { MsgExecSession } from "../../chain/codec/gen/dcm/session/v1/tx.ts";
import type { MsgAttest } from "../../chain/codec/gen/dcm/auditor/v1/tx.ts";
import { MsgHeartbeat, type MsgUpdateParams as MsgUpdateProviderParams } from "../../chain/codec/gen/dcm/staking/v1/tx.ts";
import { Policy, Role } from "../../chain/codec/gen/dcm/organization/v1/types.ts";
import type { MsgExec, MsgRevoke } from "../../chain/codec/gen/cosmos/authz/v1beta1/tx.ts";
import type { MsgCreatePeriodicVestingAccount, MsgCreatePermanentLockedAccount, MsgCreateVestingAccount } from "../../chain/codec/gen/cosmos/vesting/v1beta1/tx.ts";
import type {
  MsgCommitResult, MsgDeclineTask, MsgPlaceAsk, MsgPlaceBid, MsgQuote, MsgReclaimService, MsgRetireProfile, MsgRevealResult, MsgRevealSalt, MsgSealKeys, MsgSetClass, MsgSetQuoteDenom, MsgStartService, MsgStartTask,
  MsgSupplyInputs, MsgTopUpService, MsgUpdateParams,
} from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import { InstanceState, ReplicaState, StageState, TaskState, VerificationLevel, type Instance, type Result, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { blsProvePossession } from "../../chain/codec/bls.ts";
import type { MsgOpenChannel, MsgRedeemVoucher, MsgUpdateParams as MsgUpdateChannelParams } from "../../chain/codec/gen/dcm/channel/v1/tx.ts";
import { juryCommitment, type JuryVote } from "../../chain/codec/jury.ts";
import { voucherBytes } from "../../chain/codec/voucher.ts";
import { Side } from "../../chain/codec/gen/dcm/forward/v1/types.ts";
import type { MsgPlaceOrder } from "../../chain/codec/gen/dcm/forward/v1/tx.ts";
import { channels } from "../../chain/modules/channel/state.ts";
import { orders as forwardOrders, positions } from "../../chain/modules/forward/state.ts";
import { defaultParams as channelParams } from "../../chain/modules/channel/params.ts";
import type { MsgCommitVote, MsgRevealVote } from "../../chain/codec/gen/dcm/dispute/v1/tx.ts";
import { Verdict } from "../../chain/codec/gen/dcm/dispute/v1/types.ts";
import type { MsgRegisterBeaconKey } from "../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { possessionContext } from "../../chain/modules/beacon/seeds.ts";
import { commitmentOf } from "../../chain/modules/market/commitment.ts";
import { rv32Core, wasmCore } from "../../chain/modules/market/classes.ts";
import { localnetParams } from "../../chain/modules/market/params.ts";
import { demandOf } from "../../chain/modules/market/profiles.ts";
import { sessions } from "../../chain/modules/session/state.ts";
import { bids, bidsByOrganization, classes, draws, instances, jobs, profiles as wishes, seals, services, stages, tasks } from "../../chain/modules/market/state.ts";
import { cases } from "../../chain/modules/dispute/state.ts";
import { members } from "../../chain/modules/organization/state.ts";
import { grants } from "../../chain/modules/authz/state.ts";
import { grants as allowances } from "../../chain/modules/feegrant/state.ts";
import { Halt } from "../../chain/vm/machine.ts";
import { registersBytes } from "../../chain/vm/state-hash.ts";
import { arbitraryJuror } from "../../chain/modules/staking/jurors/arbitrary.ts";
import { covers } from "../../chain/modules/staking/auditors/standing.ts";
import { accreditations, profiles as auditorProfiles } from "../../chain/modules/staking/auditors/state.ts";
import { arbitraryOperator } from "../../chain/modules/staking/providers/profile.ts";
import { livenesses, params as providerParams, profiles } from "../../chain/modules/staking/providers/state.ts";
import type { Context } from "../../chain/runtime/context.ts";
import type { World } from "../../chain/runtime/module.ts";
import { testAccount } from "../support/accounts.ts";
import { answerIn, challengeOf, pickIn, proofIn, refereedResult, withProgram } from "./refereed.ts";
import { beaconKeys, denom, governance, secondDenom } from "./world.ts";

/** Takes what the module's generator made (undefined where nothing) and gives what is sent. */
export type Refine = (world: World, made: unknown) => unknown;

/** Any message of the app, not MsgExec itself, with its signer: for messages in messages. */
export type AnyMessage = (world: World) => { readonly any: Any; readonly signer: string } | undefined;

export function refinements(anyMessage: AnyMessage): Readonly<Record<string, Refine>> {
  return {
    "/cosmos.vesting.v1beta1.MsgCreateVestingAccount": (world): MsgCreateVestingAccount => ({ ...vesting(world), endTime: world.ctx.timeSeconds + world.random.bigint(500n), delayed: world.random.chance(50) }),
    "/cosmos.vesting.v1beta1.MsgCreatePermanentLockedAccount": (world): MsgCreatePermanentLockedAccount => vesting(world),
    "/cosmos.vesting.v1beta1.MsgCreatePeriodicVestingAccount": ({ ...world }): MsgCreatePeriodicVestingAccount => {
      const { fromAddress, toAddress, amount } = vesting(world);
      return { fromAddress, toAddress, startTime: world.ctx.timeSeconds, vestingPeriods: [1, 2].map(() => ({ length: world.random.bigint(100n), amount })) };
    },
    "/dcm.beacon.v1.MsgRegisterBeaconKey": ({ ctx, accounts, random }): MsgRegisterBeaconKey => {
      const operator = addressBytes(random.pick(accounts));
      const { publicKey, secretKey } = random.pick(beaconKeys);
      return { validatorAddress: addressText(operator, prefixes.validator), publicKey, proofOfPossession: blsProvePossession(secretKey, possessionContext(random.chance(90) ? ctx.header.chainId : "another", operator)) };
    },
    "/cosmos.authz.v1beta1.MsgExec": (world): MsgExec | undefined => {
      const inner = [anyMessage(world), anyMessage(world)].slice(0, 1 + world.random.int(2)).filter((one) => one !== undefined);
      return inner.length === 0 ? undefined : { grantee: world.random.chance(60) ? inner[0]!.signer : world.random.pick(world.accounts), msgs: inner.map((one) => one.any) };
    },
    "/cosmos.authz.v1beta1.MsgRevoke": (world, made): MsgRevoke => {
      const known = [...grants.entries(world.ctx)].map(([[granter, grantee, msgTypeUrl]]) => ({ granter: addressText(granter), grantee: addressText(grantee), msgTypeUrl })).filter(({ granter }) => world.accounts.includes(granter));
      return known.length === 0 ? (made as MsgRevoke) : world.random.pick(known);
    },
    "/cosmos.feegrant.v1beta1.MsgRevokeAllowance": (world, made) => {
      const known = [...allowances.entries(world.ctx)].map(([[grantee, granter]]) => ({ granter: addressText(granter), grantee: addressText(grantee) })).filter(({ granter }) => world.accounts.includes(granter));
      return known.length === 0 ? made : world.random.pick(known);
    },
    // What the owner could send itself, as far as the session has it; at times what it has not.
    "/dcm.session.v1.MsgExecSession": (world, made): MsgExecSession | undefined => {
      const exec = made as MsgExecSession | undefined;
      if (exec === undefined) return undefined;
      const session = sessions.find(world.ctx, [addressBytes(exec.owner), addressBytes(exec.session)])!;
      const { owner } = exec;
      // Of all that a session may do, what little stands against.
      if (profiles.has(world.ctx, addressBytes(owner)) && session.messages.includes(heartbeat) && world.random.chance(50)) return { ...exec, messages: [{ typeUrl: heartbeat, value: MsgHeartbeat.encode({ operator: owner }).finish() }] };
      const found: Any[] = [];
      for (let tries = 0; tries < 12 && found.length < 2; tries++) {
        const one = anyMessage({ ...world, accounts: [exec.owner] });
        if (one?.signer === exec.owner && (session.messages.includes(one.any.typeUrl) || world.random.chance(2))) found.push(one.any);
      }
      return found.length === 0 ? exec : { ...exec, messages: found };
    },
    // What makes providers active stays as it is: their asks follow with their next message, and an export in between would count them already.
    "/dcm.staking.v1.MsgUpdateParams": ({ ctx, random }): MsgUpdateProviderParams => ({
      authority: governance, params: { ...providerParams.get(ctx), freeDeclines: random.int(102), maxUnbondingEntries: 1 + random.int(8), jailMisses: 1 + random.int(2) },
    }),
    "/dcm.staking.v1.MsgRetireProvider": (world, made) => {
      const operator = arbitraryOperator(world);
      return operator === undefined || !world.random.chance(25) ? made : { operator };
    },
    "/dcm.juror.v1.MsgRetireJuror": (world, made) => {
      const juror = arbitraryJuror(world);
      return juror === undefined || !world.random.chance(25) ? made : { juror };
    },
    "/dcm.staking.v1.MsgUnjailProvider": (world, made) => {
      const jailed = world.accounts.filter((account) => livenesses.find(world.ctx, addressBytes(account))?.jailed === true);
      return jailed.length === 0 ? made : { operator: world.random.pick(jailed) };
    },
    "/dcm.auditor.v1.MsgAttest": (world, made) => {
      const wanted = attestable(world);
      return made === undefined || wanted.length === 0 ? made : { ...(made as MsgAttest), ...world.random.pick(wanted) };
    },
    "/dcm.market.v1.MsgPlaceAsk": (world, made) => {
      const operators = world.accounts.filter((account) => profiles.has(world.ctx, addressBytes(account)));
      const heard = operators.filter((account) => livenesses.find(world.ctx, addressBytes(account))?.suspended === false);
      if (operators.length === 0 || world.random.chance(10)) return made;
      const provider = world.random.pick(heard.length === 0 ? operators : heard);
      const { attributes } = profiles.find(world.ctx, addressBytes(provider))!;
      return { ...(made as MsgPlaceAsk), provider, premiums: attributes.map((attribute) => ({ attribute, price: world.random.bigint(10n) })) };
    },
    "/dcm.market.v1.MsgPlaceBid": (world, made) => {
      const placed = made as MsgPlaceBid;
      // Many pay what anybody asks: replicas and juries want several that serve.
      const bid = world.random.chance(50) ? { ...placed, limitPrice: placed.limitPrice > 100n ? placed.limitPrice : 100n } : placed;
      const sealed = world.random.chance(50) ? sha256(utf8("a consumer's key")) : new Uint8Array(0);
      const refereed = bid.verification === VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED && bid.job!.stages.length === 0;
      const job = { ...(refereed ? withProgram(bid.job!) : bid.job!), consumerKey: sealed };
      return world.random.chance(25) ? inTwoStages({ ...bid, job }) : { ...bid, saltHead: bid.saltHead.length === 0 ? bid.saltHead : saltChain[0], job };
    },
    // Some policies turn against what the organization has in the books.
    "/dcm.organization.v1.MsgSetPolicy": ({ ctx, accounts, random }, made) => {
      const waiting = [...bidsByOrganization.entries(ctx)].map(([[organization, id]]) => ({ organization, classId: bids.find(ctx, id)!.classId }));
      if (waiting.length === 0 || random.chance(60)) return made;
      const { organization, classId } = random.pick(waiting);
      const admins = [...members.entries(ctx)].map(([, member]) => member).filter((member) => member.organization === organization && member.accepted && member.role <= Role.ROLE_ADMIN && accounts.includes(member.address));
      return admins.length === 0 ? made : { admin: random.pick(admins).address, organization, policy: Policy.fromPartial({ deniedClasses: [classId] }) };
    },
    "/dcm.market.v1.MsgRetireProfile": (world, made): MsgRetireProfile | undefined => {
      const idle = [...wishes.entries(world.ctx)].map(([, profile]) => profile).filter(({ id, registrant, ...book }) => world.accounts.includes(registrant) && demandOf(world.ctx, [book.classId, book.quoteDenom], id).liveJobs === 0n);
      if (idle.length === 0 || world.random.chance(20)) return made as MsgRetireProfile | undefined;
      const { registrant, classId, quoteDenom, id } = world.random.pick(idle);
      return { signer: registrant, classId, quoteDenom, profileId: id };
    },
    "/dcm.market.v1.MsgRevealSalt": (world): MsgRevealSalt | undefined => {
      const waiting = [...draws.entries(world.ctx)].filter(([, draw]) => draw.salt.length === 0 && draw.saltDueTau !== 0n);
      const job = waiting.length === 0 ? undefined : jobs.find(world.ctx, world.random.pick(waiting)[1].jobId);
      const at = job === undefined ? -1 : saltChain.findIndex((salt) => equalBytes(salt, job.saltHead));
      return job === undefined ? undefined : { consumer: job.consumer, jobId: job.id, salt: world.random.chance(90) ? (saltChain[at + 1] ?? new Uint8Array(32)) : new Uint8Array(32) };
    },
    // Nobody has touched those whose key was sealed: they are still written as sealing.
    "/dcm.market.v1.MsgSealKeys": ({ ctx, random }): MsgSealKeys | undefined => {
      const waiting = [
        ...Array.from(instances.entries(ctx), ([, one]) => one).filter(({ state }) => state === InstanceState.INSTANCE_STATE_SEALING).map(({ serviceId, provider }) => ({ jobId: serviceId, provider })),
        ...live(ctx).flatMap(({ jobId, replicas }) => replicas.filter(({ state }) => state === ReplicaState.REPLICA_STATE_SEALING).map(({ provider }) => ({ jobId, provider }))),
      ].filter(({ jobId, provider }) => !seals.has(ctx, [jobId, addressBytes(provider)]));
      if (waiting.length === 0) return undefined;
      const { jobId, provider } = random.pick(waiting);
      const { consumer } = jobs.find(ctx, jobId) ?? services.find(ctx, jobId)!;
      return { consumer, jobId, keys: [{ provider, sealedKey: Uint8Array.of(1, 2, 3) }] };
    },
    "/dcm.market.v1.MsgSupplyInputs": (world, made): MsgSupplyInputs | undefined => {
      const waiting = [...stages.entries(world.ctx)].map(([, stage]) => stage).filter(({ state }) => state === StageState.STAGE_STATE_INPUTS);
      if (waiting.length === 0) return made as MsgSupplyInputs | undefined;
      const { jobId, index } = world.random.pick(waiting);
      const inputs = sha256(concatBytes(uint64Bytes(jobId), Uint8Array.of(index)));
      return { consumer: jobs.find(world.ctx, jobId)!.consumer, jobId, stage: index, inputRoot: inputs, manifest: { digest: inputs, size: 100n } };
    },
    "/dcm.market.v1.MsgStartTask": (world, made): MsgStartTask | undefined => worker(world, ReplicaState.REPLICA_STATE_ASSIGNED) ?? (made as MsgStartTask | undefined),
    "/dcm.market.v1.MsgDeclineTask": (world, made): MsgDeclineTask | undefined => {
      const found = world.random.chance(40) ? worker(world, ReplicaState.REPLICA_STATE_ASSIGNED) : undefined;
      return found === undefined ? (made as MsgDeclineTask | undefined) : { ...found, reason: "no input" };
    },
    "/dcm.market.v1.MsgCommitResult": (world, made): MsgCommitResult | undefined => {
      const found = worker(world, ReplicaState.REPLICA_STATE_RUNNING);
      if (found === undefined) return made as MsgCommitResult | undefined;
      return { ...found, commitment: commitmentOf(addressBytes(found.worker), found.taskId, resultOf(world.ctx, found), salt) };
    },
    "/dcm.market.v1.MsgRevealResult": (world, made): MsgRevealResult | undefined => {
      const found = worker(world, ReplicaState.REPLICA_STATE_COMMITTED, revealing);
      return found === undefined ? (made as MsgRevealResult | undefined) : { ...found, result: resultOf(world.ctx, found), salt };
    },
    // The key was sealed, but nobody has touched the instance since: it is still written as sealing. One in six is never started.
    "/dcm.market.v1.MsgStartService": (world, made): MsgStartService | undefined => {
      const found = instance(world, InstanceState.INSTANCE_STATE_SEALING, InstanceState.INSTANCE_STATE_PENDING);
      if (found === undefined || found.id % 6n === 0n || !seals.has(world.ctx, [found.serviceId, addressBytes(found.provider)])) return made as MsgStartService | undefined;
      return { worker: found.provider, provider: found.provider, instanceId: found.id };
    },
    "/dcm.market.v1.MsgReclaimService": (world, made): MsgReclaimService | undefined => {
      const found = world.random.chance(40) ? instance(world, InstanceState.INSTANCE_STATE_RUNNING, InstanceState.INSTANCE_STATE_GRACE) : undefined;
      return found === undefined ? (made as MsgReclaimService | undefined) : { worker: found.provider, provider: found.provider, instanceId: found.id };
    },
    "/dcm.market.v1.MsgTopUpService": (world, made): MsgTopUpService | undefined => {
      const found = instance(world, InstanceState.INSTANCE_STATE_RUNNING, InstanceState.INSTANCE_STATE_GRACE, InstanceState.INSTANCE_STATE_RECLAIMING);
      return found === undefined ? (made as MsgTopUpService | undefined) : { payer: world.random.pick(world.accounts), instanceId: found.id, amount: String(1 + world.random.int(30)), organization: "", costTags: [] };
    },
    "/dcm.market.v1.MsgSetClass": ({ ctx, random }): MsgSetClass => ({ authority: governance, class: { ...(classes.has(ctx, rv32Core().id) ? random.pick([rv32Core(), wasmCore()]) : rv32Core()), minBondPerUnit: random.bigint(1_000n), maxLotMs: 1n + random.bigint(1_000n), closed: random.chance(3) } }),
    // Now and then a denom that nobody has, or the bond denom, which is refused.
    "/dcm.market.v1.MsgSetQuoteDenom": ({ random }): MsgSetQuoteDenom => ({
      authority: governance, quoteDenom: { denom: random.pick([...Array.from({ length: 18 }, () => secondDenom), "ugravel", denom]), rate: { bondUnits: 1n + random.bigint(30n), quoteUnits: 1n + random.bigint(30n) }, closed: random.chance(3) },
    }),
    "/dcm.market.v1.MsgUpdateParams": ({ random }): MsgUpdateParams => ({ authority: governance, params: { ...localnetParams(), profileDeposit: random.bigint(10_000_000n), recordLifetime: 1_000n + random.bigint(60_000n), feeBps: random.int(1_002), maxMisses: 1 + random.int(3), riskMultiple: random.int(30) } }),
    // Most channels have a hot key that signs for all of them; those of the payer's own key see signatures that are not theirs.
    "/dcm.channel.v1.MsgOpenChannel": ({ random }, made): MsgOpenChannel => {
      const open = made as MsgOpenChannel;
      return { ...open, voucherKey: random.chance(85) ? hotKey.publicKey : open.voucherKey, deposit: { denom: random.pick([denom, secondDenom]), amount: String(1n + random.bigint(20_000n)) } };
    },
    "/dcm.channel.v1.MsgRedeemVoucher": ({ ctx, random }, made): MsgRedeemVoucher => {
      const redeem = made as MsgRedeemVoucher;
      const channel = channels.find(ctx, redeem.channelId);
      if (channel === undefined) return redeem;
      // Mostly a little more than before, at times anything up to beyond the deposit.
      const cumulative = random.chance(80) ? BigInt(channel.redeemed) + 1n + random.bigint(2_000n) : BigInt(redeem.cumulativeAmount);
      const signed = voucherBytes({ chainId: random.chance(95) ? ctx.header.chainId : "another", channelId: channel.id, cumulative, denom: channel.denom, expiresTau: redeem.expiresTau });
      return { ...redeem, cumulativeAmount: String(cumulative), signature: curve.ecdsaSign(sha256(signed), hotKey.secret).signature };
    },
    // Often one that meets another of the same slot.
    "/dcm.forward.v1.MsgPlaceOrder": (world, made): MsgPlaceOrder => {
      const order = made as MsgPlaceOrder;
      const { random } = world;
      const operators = world.accounts.filter((account) => profiles.has(world.ctx, addressBytes(account)));
      const known = [...forwardOrders.entries(world.ctx)];
      const side = order.side === Side.SIDE_SELL && operators.length === 0 ? Side.SIDE_BUY : order.side;
      const own = { ...order, side, quoteDenom: random.pick([denom, denom, secondDenom]), owner: side === Side.SIDE_SELL ? random.pick(operators) : order.owner, marginPrice: side === Side.SIDE_SELL ? order.marginPrice : 0n };
      const other = known.length === 0 || random.chance(40) ? undefined : random.pick(known)[1];
      return other === undefined || other.side === side ? own : { ...own, quoteDenom: other.quoteDenom, slotTau: other.slotTau, slots: 0, price: other.price, marginPrice: 0n };
    },
    // Who was offered a position mostly takes it, of an organization's mostly for that.
    "/dcm.forward.v1.MsgAccept": ({ ctx, accounts, random }, made) => {
      const offered = [...positions.entries(ctx)].filter(([, { offeredTo, askId }]) => offeredTo !== "" && askId === 0n);
      if (offered.length === 0) return made;
      const [positionId, { offeredTo, organization }] = random.pick(offered);
      return { recipient: accounts.includes(offeredTo) ? offeredTo : random.pick(accounts), positionId, organization: random.chance(80) ? organization : "", costTags: [] };
    },
    "/dcm.market.v1.MsgQuote": (world, made) => {
      const operators = world.accounts.filter((account) => profiles.has(world.ctx, addressBytes(account)));
      return made === undefined || operators.length === 0 ? made : { ...(made as MsgQuote), provider: world.random.pick(operators) };
    },
    "/dcm.referee.v1.MsgChallenge": challengeOf,
    "/dcm.referee.v1.MsgAnswer": (world, made) => answerIn(world) ?? made,
    "/dcm.referee.v1.MsgPick": (world, made) => pickIn(world) ?? made,
    "/dcm.referee.v1.MsgProve": (world, made) => proofIn(world) ?? made,
    // One juror in eight never shows up, and one in ten opens what it did not commit to.
    "/dcm.dispute.v1.MsgCommitVote": ({ ctx }, made): MsgCommitVote | undefined => {
      const commit = made as MsgCommitVote | undefined;
      return commit === undefined || ballot(ctx, commit).dice % 8 === 0 ? undefined : { ...commit, commitment: juryCommitment(ballot(ctx, commit)) };
    },
    "/dcm.dispute.v1.MsgRevealVote": ({ ctx, random }, made): MsgRevealVote | undefined => {
      const reveal = made as MsgRevealVote | undefined;
      return reveal === undefined ? undefined : { ...reveal, vote: ballot(ctx, reveal).vote, salt: random.chance(90) ? salt : new Uint8Array(32) };
    },
    "/dcm.channel.v1.MsgUpdateParams": ({ random }): MsgUpdateChannelParams => ({
      authority: governance, params: { ...channelParams(), minClosingPeriod: 1_000n, closingPeriod: 1_000n + random.bigint(20_000n), feeBps: random.int(1_002), maxSweep: random.pick([10, 500]) },
    }),
    "/cosmos.bank.v1beta1.MsgSetSendEnabled": ({ random }) => ({ authority: governance, sendEnabled: [{ denom: random.pick([denom, "ustone"]), enabled: random.chance(95) }], useDefaultFor: random.chance(50) ? ["stake"] : [] }),
  };
}

/** What accredited auditors among the accounts could sign of the others. */
function attestable({ ctx, accounts }: World): Pick<MsgAttest, "auditor" | "provider" | "key" | "value">[] {
  return accounts.flatMap((auditor) => {
    const patterns = auditorProfiles.has(ctx, addressBytes(auditor)) ? accreditations.find(ctx, addressBytes(auditor))?.keys ?? [] : [];
    return accounts.filter((provider) => provider !== auditor && patterns.length > 0).flatMap((provider) =>
      (profiles.find(ctx, addressBytes(provider))?.attributes ?? []).filter(({ key }) => covers(patterns, key)).map(({ key, value }) => ({ auditor, provider, key, value })));
  });
}

function vesting({ accounts, random }: World): { fromAddress: string; toAddress: string; amount: { denom: string; amount: string }[] } {
  return { fromAddress: random.pick(accounts), toAddress: random.chance(90) ? testAccount(`vested ${random.int(1_000_000)}`).text : random.pick(accounts), amount: [{ denom, amount: String(1n + random.bigint(1_000n)) }] };
}

const curve = createRequire(import.meta.url)("secp256k1") as { ecdsaSign(hash: Uint8Array, secret: Uint8Array): { signature: Uint8Array } };
const hotKey = testAccount("hot key");

const heartbeat = "/dcm.staking.v1.MsgHeartbeat";
const salt = sha256(utf8("a worker's salt"));

/** How a juror votes in the present round of a case: the same whenever it is asked. Most are for the consumer. */
function ballot(ctx: Context, { caseId, juror }: { readonly caseId: bigint; readonly juror: string }): JuryVote & { readonly vote: Verdict; readonly dice: number } {
  const round = cases.find(ctx, caseId)!.rounds.length - 1;
  const dice = sha256(concatBytes(utf8(juror), uint64Bytes(caseId), Uint8Array.of(round)))[0]!;
  return { caseId, round, juror: addressBytes(juror), vote: dice % 4 === 1 ? Verdict.VERDICT_PROVIDER : Verdict.VERDICT_CONSUMER, salt, dice };
}

/** Every consumer's salts: the head first, then each preimage in turn. */
export const saltChain: readonly Uint8Array[] = chain(64);

function chain(length: number): Uint8Array[] {
  const salts = [sha256(utf8("a consumer's secret"))];
  while (salts.length < length) salts.push(sha256(salts.at(-1)!));
  return salts.reverse();
}

/** The shortest way to a stage that waits for its inputs: one task, unverified, and one behind it. */
function inTwoStages(bid: MsgPlaceBid): MsgPlaceBid {
  const inputs = { inputRoot: new Uint8Array(32), manifest: { digest: new Uint8Array(32), size: 100n } };
  const later = { inputRoot: new Uint8Array(0), manifest: undefined };
  const stages = [{ tasks: 1, after: [], arguments: new Uint8Array(0), ...inputs }, { tasks: 1, after: [0], arguments: new Uint8Array(0), ...later }];
  return { ...bid, verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, saltHead: new Uint8Array(0), job: { ...bid.job!, programRoot: new Uint8Array(0), tasks: 2, ...later, stages } };
}

/** What a provider is like in one task: the same whenever it is asked. */
function diceOf({ provider, taskId }: { readonly provider: string; readonly taskId: bigint }): Uint8Array {
  return sha256(concatBytes(utf8(provider), uint64Bytes(taskId)));
}

/** In every second job all providers do what they should: so some come to an end, with all their stages. */
const diligent = (taskId: bigint): boolean => (taskId >> 16n) % 2n === 0n;

/** About one replica in four of the other jobs is left alone at some point: before its start, after it, or after its commit. */
function isSilent(at: { readonly provider: string; readonly taskId: bigint }, state: ReplicaState): boolean {
  const silent = [ReplicaState.REPLICA_STATE_ASSIGNED, ReplicaState.REPLICA_STATE_RUNNING, ReplicaState.REPLICA_STATE_COMMITTED][diceOf(at)[2]! % 12];
  return silent === state && !diligent(at.taskId);
}

/** About one result in eight of the other jobs is a lie of the provider's own. */
function resultOf(ctx: Context, at: { readonly provider: string; readonly taskId: bigint }): Result {
  const { provider, taskId } = at;
  const dice = diceOf(at);
  const label = dice[0]! < 32 && !diligent(taskId) ? `the lie of ${provider}` : "the right result";
  // All that run a task meter it alike.
  const meter = BigInt(sha256(uint64Bytes(taskId))[1]!) * 3_000_000n;
  const result = { digest: sha256(utf8(label)), size: 10n, meter, blob: { digest: sha256(utf8(`${label}, sealed`)), size: 50n }, url: "http://127.0.0.1:1" };
  const run = refereedResult(ctx, taskId, dice, diligent(taskId));
  if (run !== undefined) return { ...result, ...run };
  if (jobs.find(ctx, taskId >> 16n)?.verification !== VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED) return { ...result, final: undefined };
  const registers = new Uint8Array(registersBytes);
  registers[9 * 4] = Number(result.size);
  return { ...result, final: { pc: 4, halt: Halt.done, steps: 1n, meter, registers, lowRoot: new Uint8Array(32), inputRoot: new Uint8Array(32) } };
}

const revealing = [TaskState.TASK_STATE_REVEALING, TaskState.TASK_STATE_TIEBREAK];

interface Found {
  readonly taskId: bigint;
  readonly jobId: bigint;
  readonly provider: string;
}

/** A replica in this state whose provider's key the simulation holds. */
function replica(world: World, state: ReplicaState, among?: readonly TaskState[]): Found | undefined {
  const found: Found[] = [];
  for (const task of live(world.ctx)) {
    if (among !== undefined && !among.includes(task.state)) continue;
    for (const one of task.replicas) if (one.state === state && world.accounts.includes(one.provider)) found.push({ taskId: task.id, jobId: task.jobId, provider: one.provider });
  }
  return found.length === 0 ? undefined : world.random.pick(found);
}

/** An instance in one of these states, as written, whose provider's key the simulation holds. */
function instance(world: World, ...states: readonly InstanceState[]): Instance | undefined {
  const found = Array.from(instances.entries(world.ctx), ([, one]) => one).filter((one) => states.includes(one.state) && world.accounts.includes(one.provider));
  return found.length === 0 ? undefined : world.random.pick(found);
}

function live(ctx: Context): Task[] {
  return Array.from(tasks.entries(ctx), ([, task]) => task).filter((task) => task.state !== TaskState.TASK_STATE_CLOSED && task.state !== TaskState.TASK_STATE_FINAL);
}

function worker(world: World, state: ReplicaState, among?: readonly TaskState[]): MsgStartTask | undefined {
  const found = replica(world, state, among);
  return found === undefined || isSilent(found, state) ? undefined : { worker: found.provider, provider: found.provider, taskId: found.taskId };
}
