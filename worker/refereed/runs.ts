/** Tasks of the market as runs of the refereed machine, and how such runs end as the journal keeps it. */
import type { TaskInputs } from "../../client/protocol.ts";
import { fromHex, toHex } from "../../chain/codec/bytes.ts";
import { VerificationLevel, type CapacityClass, type Job, type MachineState, type Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import type { Task as Run } from "../../chain/vm/party.ts";
import { decodeProgram } from "../../chain/vm/program.ts";
import type { FinalState } from "../../chain/vm/state-hash.ts";
import type { JournalFinal } from "../agent/journal.ts";
import type { Loaded } from "../agent/load.ts";

export const isRefereed = ({ verification }: Job): boolean => verification === VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED;

/** Of a task that `loadTask` found to be what the job's roots name. */
export function refereedTask({ meterPerLot }: CapacityClass, inputs: TaskInputs, { index, lots }: Task, { program, input }: Loaded): Run {
  return { program: decodeProgram(program), input, arguments: inputs.arguments, taskIndex: index - inputs.first, meterLimit: lots * meterPerLot };
}

export function journalFinal({ pc, halt, steps, registers, lowRoot, inputRoot }: FinalState, stateHash: Uint8Array): JournalFinal {
  return { pc, halt, steps: String(steps), registers: toHex(registers), lowRoot: toHex(lowRoot), inputRoot: toHex(inputRoot), stateHash: toHex(stateHash) };
}

/** As MsgRevealResult carries it. */
export function finalOf({ pc, halt, steps, registers, lowRoot, inputRoot }: JournalFinal, meter: bigint): MachineState {
  return { pc, halt, steps: BigInt(steps), meter, registers: fromHex(registers), lowRoot: fromHex(lowRoot), inputRoot: fromHex(inputRoot) };
}
