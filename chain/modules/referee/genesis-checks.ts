/** What a dispute and a proof of a genesis must be for a chain to go on with them: all that no message could have made is refused. */
import { DisputeState, Outcome, type Dispute, type Proof } from "../../codec/gen/dcm/referee/v1/types.ts";
import { AddressError, addressBytes, addressText } from "../../codec/address.ts";
import { readAmount } from "../../runtime/coins.ts";
import { arity, isProvable, mostMeterLimit, partsOf } from "../../vm/bisection.ts";
import { hashBytes } from "../../vm/merkle.ts";
import { mostSegmentSteps } from "../../vm/segment.ts";
import { machineOf } from "../../vm/state-hash.ts";
import { checkWitnessForm } from "../../vm/witness.ts";
import { proofGas } from "./gas.ts";
import { rangeOf } from "./machine.ts";

const { DISPUTE_STATE_QUEUED: QUEUED, DISPUTE_STATE_PICK: PICK, DISPUTE_STATE_PROOF: PROOF, DISPUTE_STATE_CLOSED: CLOSED } = DisputeState;

/** Times of protocol time, and sums of some of them, fit 64 bits. */
const mostTau = 1n << 60n;

/** Lengths that ranges are cut into: of the longest run down to one transition. */
const lengths: ReadonlySet<bigint> = (() => {
  const all = new Set<bigint>();
  for (let length = mostMeterLimit + 1n; length >= BigInt(mostSegmentSteps); length /= arity) all.add(length);
  for (const length of [512n, 4n, 1n]) all.add(length);
  return all;
})();

/** What is wrong with it, or undefined. */
export function disputeFault(dispute: Dispute): string | undefined {
  const { state, outcome, provider, challenger, audit, rival, bond, start, length, agreedHash, parts, proof } = dispute;
  if (!(state >= QUEUED && state <= CLOSED)) return `its state ${state} is none`;
  if (state === CLOSED ? !(outcome >= Outcome.OUTCOME_PROVIDER_WRONG && outcome <= Outcome.OUTCOME_UNDECIDED) : outcome !== Outcome.OUTCOME_UNSPECIFIED) return `its outcome ${outcome} is not one of its state`;
  if (!isCanonical(provider) || !isCanonical(challenger) || provider === challenger) return "provider and challenger are two addresses";
  const amount = readAmount(bond);
  if (amount === undefined || amount < 0n || (amount > 0n) !== (state !== CLOSED && !audit && !rival)) return `its bond ${bond.slice(0, 80)} is not above 0 of a challenge that is not closed, else 0`;
  if (audit && rival) return "it is an audit's or a replica's, not both";
  for (const name of ["providerFinal", "challengerFinal", "providerHash", "challengerHash"] as const) if (dispute[name].length !== hashBytes) return `${name} has ${dispute[name].length} bytes, not ${hashBytes}`;
  if (agreedHash.length !== (start === 0n ? 0 : hashBytes)) return `agreedHash has ${agreedHash.length} bytes; it is empty at the run's start, else ${hashBytes}`;
  if (!lengths.has(length) || start % length !== 0n || start + length > mostMeterLimit + 1n) return `its range of ${length} from ${start} is no part of a run`;
  if (parts !== (state === PICK ? partsOf(rangeOf(dispute)) : 0)) return `parts ${parts}: they are those of its range where it is picked from, else 0`;
  if ((state === PROOF) !== proof > 0n || (state === PROOF && !isProvable(rangeOf(dispute)))) return "a proof waits where its state says so, of a range that can be proven";
  for (const name of ["turnTau", "dueTau", "providerUsed", "challengerUsed", "firstMove", "laterMove", "sideTotal", "openedTau", "endedTau", "retryTau"] as const) if (dispute[name] > mostTau) return `${name} ${dispute[name]} is above ${mostTau}`;
  return undefined;
}

/** What is wrong with the proof of this dispute, or undefined. */
export function proofFault({ length }: Dispute, { state, ram, rom, romRoot, gas }: Proof): string | undefined {
  if (state === undefined || ram === undefined || rom === undefined) return "state, ram and rom are given";
  const machine = machineOf(state, mostMeterLimit);
  if (typeof machine === "string") return machine;
  if (state.ramRoot.length !== hashBytes || romRoot.length !== hashBytes) return `ram_root and rom_root have ${hashBytes} bytes`;
  const form = checkWitnessForm({ ram, rom });
  if (form !== undefined) return form.message;
  const cost = proofGas(Number(length), { ram, rom });
  return gas === BigInt(cost) ? undefined : `its gas ${gas} is not what its run costs, ${cost}`;
}

function isCanonical(address: string): boolean {
  try {
    return addressText(addressBytes(address)) === address;
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}
