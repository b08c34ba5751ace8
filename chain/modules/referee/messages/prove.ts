/** MsgProve: what the chain needs to run the disputed range itself. It is run at a block's end; until then no clock runs. */
import type { MsgProve, MsgProveResponse } from "../../../codec/gen/dcm/referee/v1/tx.ts";
import { DisputeState } from "../../../codec/gen/dcm/referee/v1/types.ts";
import { maxInt, minInt } from "../../../math/int.ts";
import { fail } from "../../../runtime/errors.ts";
import { isProvable } from "../../../vm/bisection.ts";
import { mostSegmentSteps } from "../../../vm/segment.ts";
import { registersBytes } from "../../../vm/state-hash.ts";
import { checkWitnessForm } from "../../../vm/witness.ts";
import { arbitraryTurn } from "../arbitrary.ts";
import { canonical, size } from "../checks.ts";
import { claimOf, loadTurn, saveDispute } from "../disputes.ts";
import { errors } from "../errors.ts";
import { emit, partiesOf } from "../events.ts";
import { payForProof, proofGas, rootHashes } from "../gas.ts";
import { longestPath } from "../inclusion.ts";
import { rangeOf } from "../machine.ts";
import { acceptedProof } from "../proofs.ts";
import { params } from "../state.ts";
import { addProof, hasRoom } from "../waiting.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { RefereePorts } from "../ports.ts";

export function prove(ports: RefereePorts): MessageHandler<MsgProve, MsgProveResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.provider],

    check({ provider, state, ram, rom, romRoot, dataRoot, input }) {
      canonical(provider, "provider");
      size("rom_root", romRoot, 32);
      size("data_root", dataRoot, 32);
      if (state !== undefined) {
        size("state.registers", state.registers, registersBytes);
        size("state.ram_root", state.ramRoot, 32);
      }
      if (input !== undefined) {
        size("input.root", input.root, 32);
        if (input.path.length % 32 !== 0 || input.path.length > longestPath * 32) fail(errors.invalidField, { what: `input.path is at most ${longestPath} hashes of 32 bytes, got ${input.path.length} bytes` });
      }
      if (ram === undefined || rom === undefined) return fail(errors.invalidField, { what: "ram and rom are given" });
      const form = checkWitnessForm({ ram, rom });
      if (form !== undefined) fail(errors.invalidField, { what: form.message });
    },

    execute(ctx, message) {
      const dispute = loadTurn(ctx, ports, "provider", { ...message, signer: canonical(message.provider, "provider") });
      const { id, length } = dispute;
      if (!isProvable(rangeOf(dispute))) fail(errors.tooLong, { id, length, most: BigInt(mostSegmentSteps) });
      const gas = proofGas(Number(length), { ram: message.ram!, rom: message.rom! });
      const claim = claimOf(ctx, ports, dispute);
      payForProof(ctx, gas, rootHashes(dispute, claim.arguments.length, message));
      const proof = acceptedProof(dispute, claim, message, gas);
      if (!hasRoom(ctx, proof)) {
        // To send it again takes no run: not the part of T that other moves have.
        const longer = { ...dispute, dueTau: maxInt(dispute.dueTau, ports.clock.tau(ctx) + minInt(dispute.laterMove, params.get(ctx).laterMove)) };
        saveDispute(ctx, dispute, longer);
        emit(ctx, "EventProofDeferred", { ...partiesOf(dispute), due_tau: longer.dueTau });
        return { deferred: true };
      }
      const number = addProof(ctx, proof);
      saveDispute(ctx, dispute, { ...dispute, state: DisputeState.DISPUTE_STATE_PROOF, proof: number });
      emit(ctx, "EventProofTaken", { ...partiesOf(dispute), gas });
      return { deferred: false };
    },

    arbitrary(world) {
      const found = arbitraryTurn(world, "provider");
      const none = { indices: [], leaves: new Uint8Array(0), siblings: new Uint8Array(0) };
      return found === undefined ? undefined : { provider: found.provider, disputeId: found.id, move: found.moves, state: undefined, ram: none, rom: none, romRoot: new Uint8Array(32), dataRoot: new Uint8Array(32), input: undefined };
    },
  };
}
