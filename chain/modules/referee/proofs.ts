/** Proofs: what is cheap to check is checked as they come; the run of the segment waits for the end of a block that has time for it. */
import { DisputeState, Outcome, type Dispute, type Proof } from "../../codec/gen/dcm/referee/v1/types.ts";
import type { MsgProve } from "../../codec/gen/dcm/referee/v1/tx.ts";
import { concatBytes, equalBytes, uint64Bytes } from "../../codec/bytes.ts";
import { fail } from "../../runtime/errors.ts";
import { initialState } from "../../vm/initial.ts";
import { regionBytes } from "../../vm/layout.ts";
import { programRoot } from "../../vm/program.ts";
import { verifySegment } from "../../vm/segment.ts";
import { fieldsOf, machineOf, stateHash } from "../../vm/state-hash.ts";
import { claimOf, endDispute, endLate, endLateOf, giveTurn, saveDispute } from "./disputes.ts";
import { errors } from "./errors.ts";
import { emit, partiesOf, turnBegan } from "./events.ts";
import { endsGas } from "./gas.ts";
import { isIncluded } from "./inclusion.ts";
import { isLate } from "./machine.ts";
import { disputes, liveCount, params, proofs } from "./state.ts";
import { dropProof } from "./waiting.ts";
import type { Context } from "../../runtime/context.ts";
import type { RefereedClaim } from "../market/ports.ts";
import type { RefereePorts } from "./ports.ts";

/** The proof as it waits, its roots and its first state checked against what the chain knows; fails where they are not those. */
export function acceptedProof(dispute: Dispute, claim: RefereedClaim, message: MsgProve, gas: number): Proof {
  const { id, start } = dispute;
  const { romRoot, dataRoot } = message;
  if (!equalBytes(programRoot({ romRoot, dataRoot }), claim.programRoot)) fail(errors.badProof, { id, what: "rom_root and data_root do not make the job's program_root" });
  const state = start === 0n ? firstState(dispute, claim, message) : agreedState(dispute, claim, message);
  return { disputeId: id, state, ram: message.ram!, rom: message.rom!, romRoot, gas: BigInt(gas) };
}

function firstState({ id }: Dispute, claim: RefereedClaim, { state, input, dataRoot }: MsgProve): NonNullable<Proof["state"]> {
  if (state !== undefined || input === undefined) return fail(errors.badProof, { id, what: "the range begins with the run: input is given, and no state" });
  const { root, size, path } = input;
  const entry = concatBytes(root, uint64Bytes(size));
  const siblings = Array.from({ length: path.length / 32 }, (_, i) => path.subarray(i * 32, i * 32 + 32));
  if (size > BigInt(regionBytes) || !isIncluded(entry, claim.index, claim.count, siblings, claim.inputRoot)) fail(errors.badProof, { id, what: `input is not the ${claim.index + 1}. of ${claim.count} under the job's input root` });
  const { machine, ramRoot } = initialState({ dataRoot, inputRoot: root, inputSize: Number(size), arguments: claim.arguments, taskIndex: claim.index });
  return { ...fieldsOf(machine), ramRoot };
}

function agreedState({ id, agreedHash }: Dispute, { meterLimit }: RefereedClaim, { state, input }: MsgProve): NonNullable<Proof["state"]> {
  if (state === undefined || input !== undefined) return fail(errors.badProof, { id, what: "the range begins within the run: state is given, and no input" });
  const machine = machineOf(state, meterLimit);
  if (typeof machine === "string") return fail(errors.badProof, { id, what: machine });
  if (!equalBytes(stateHash(machine, state.ramRoot), agreedHash)) fail(errors.badProof, { id, what: "state is not the one that both agreed on at the range's start" });
  return state;
}

/** Runs what waits, in order: one proof, and more as far as the gas of a block goes, with what ends disputes that may end with it. */
export function runProofs(ctx: Context, ports: RefereePorts): void {
  const most = params.get(ctx).proofGasPerBlock;
  let used = 0n;
  for (let from = 0n; ; ) {
    const found = proofs.first(ctx, { from: uint64Bytes(from) });
    if (found === undefined) return;
    const [number, proof] = found;
    const { disputeId: id } = proof;
    used += proof.gas + endsGasOf(ctx, ports, disputes.find(ctx, id)!.taskId);
    if (from > 0n && used > most) return;
    from = number + 1n;
    if (!ctx.isolate(`referee: proof of dispute ${id}`, (item) => runProof(item, ports, proof))) ctx.isolate(`referee: dispute ${id}, without its proof`, (item) => giveBack(item, ports, id));
  }
}

/** What the ends of all disputes of a task cost that live: a verdict may be that of each, and where two claim the state each goes on in a new one. */
function endsGasOf(ctx: Context, ports: RefereePorts, taskId: bigint): bigint {
  const claimants = ports.refereed.claim(ctx, taskId)?.claimants.length ?? 1;
  return BigInt(endsGas * liveCount(ctx, taskId) * claimants);
}

function runProof(ctx: Context, ports: RefereePorts, { disputeId: id, state, ram, rom, romRoot }: Proof): void {
  const { taskId } = disputes.find(ctx, id)!;
  // What was late before it is decided before it.
  endLateOf(ctx, ports, taskId);
  const dispute = disputes.find(ctx, id)!;
  if (dispute.state !== DisputeState.DISPUTE_STATE_PROOF) return;
  const claim = claimOf(ctx, ports, dispute);
  const result = verifySegment(state!, Number(dispute.length), romRoot, claim.meterLimit, { ram: ram!, rom: rom! });
  if (!result.ok) return refuseProof(ctx, ports, dispute, result.message);
  emit(ctx, "EventProofRun", partiesOf(dispute));
  const [forProvider, forChallenger] = [dispute.providerHash, dispute.challengerHash].map((hash) => equalBytes(hash, result.stateHash));
  endDispute(ctx, ports, dispute, forProvider! ? Outcome.OUTCOME_CHALLENGER_WRONG : forChallenger! ? Outcome.OUTCOME_PROVIDER_WRONG : Outcome.OUTCOME_BOTH_WRONG);
}

/** A proof that proves nothing is as good as none: the provider's clock has run all along. */
function refuseProof(ctx: Context, ports: RefereePorts, dispute: Dispute, reason: string): void {
  emit(ctx, "EventProofRefused", { ...partiesOf(dispute), reason });
  dropProof(ctx, dispute);
  const waits: Dispute = { ...dispute, state: DisputeState.DISPUTE_STATE_ANSWER, proof: 0n };
  saveDispute(ctx, dispute, waits);
  if (isLate(waits, ports.clock.tau(ctx))) endLate(ctx, ports, waits);
  else turnBegan(ctx, waits);
}

/** Its run ended with an error that nobody expected: the provider has a new turn, and may cut the range on around what the error is about. */
function giveBack(ctx: Context, ports: RefereePorts, id: bigint): void {
  const dispute = disputes.find(ctx, id)!;
  emit(ctx, "EventProofRefused", { ...partiesOf(dispute), reason: "internal error" });
  dropProof(ctx, dispute);
  giveTurn(ctx, ports, dispute, { ...dispute, proof: 0n }, "provider");
}
