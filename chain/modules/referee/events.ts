/** Events, all of package dcm.referee.v1; the README lists their attributes. */
import { DisputeState, Outcome, type Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import type { Context } from "../../runtime/context.ts";

export function emit(ctx: Context, name: string, attributes: Readonly<Record<string, string | bigint | number>>): void {
  ctx.log.addValues(`dcm.referee.v1.${name}`, attributes);
}

/** The enum value's name without its prefix, in lower case: `answer`. */
function nameOf(type: Readonly<Record<string, number>>, value: number, prefix: string): string {
  for (const name of Object.keys(type)) if (type[name] === value) return name.slice(prefix.length).toLowerCase();
  return String(value);
}
export const stateName = (state: DisputeState): string => nameOf(DisputeState, state, "DISPUTE_STATE_");
export const outcomeName = (outcome: Outcome): string => nameOf(Outcome, outcome, "OUTCOME_");

/** Who it is about, in every event of a dispute. */
export const partiesOf = ({ id, taskId, jobId, provider, challenger }: Dispute): Readonly<Record<string, string | bigint>> => ({ dispute_id: id, task_id: taskId, job_id: jobId, provider, challenger });

/** A side's turn begins. */
export function turnBegan(ctx: Context, dispute: Dispute): void {
  const { state, moves, start, length, dueTau } = dispute;
  emit(ctx, "EventTurn", { ...partiesOf(dispute), turn: state === DisputeState.DISPUTE_STATE_PICK ? "challenger" : "provider", move: moves, start, length, due_tau: dueTau });
}
