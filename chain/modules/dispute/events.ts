/** Events, all of package dcm.dispute.v1; the README lists their attributes. */
import { CaseState, CloseReason, Verdict, type Case } from "../../codec/gen/dcm/dispute/v1/types.ts";
import type { Context } from "../../runtime/context.ts";

export function emit(ctx: Context, name: string, attributes: Readonly<Record<string, string | bigint | number>>): void {
  ctx.log.addValues(`dcm.dispute.v1.${name}`, attributes);
}

/** The enum value's name without its prefix, in lower case: `evidence`. */
function nameOf(type: Readonly<Record<string, number>>, value: number, prefix: string): string {
  for (const name of Object.keys(type)) if (type[name] === value) return name.slice(prefix.length).toLowerCase();
  return String(value);
}
export const stateName = (state: CaseState): string => nameOf(CaseState, state, "CASE_STATE_");
export const verdictName = (verdict: Verdict): string => nameOf(Verdict, verdict, "VERDICT_");
export const reasonName = (reason: CloseReason): string => nameOf(CloseReason, reason, "CLOSE_REASON_");

/** What the case is about. */
export const heldOf = ({ taskId, jobId, serviceId, instanceId, period }: Case): { readonly [key: string]: bigint } =>
  (instanceId === 0n ? { task_id: taskId, job_id: jobId } : { instance_id: instanceId, service_id: serviceId, period });

/** The case is in another state; what its last round came to is there where it just ended. */
export function caseChanged(ctx: Context, one: Case): void {
  const round = one.rounds.at(-1)!;
  emit(ctx, "EventCaseChanged", {
    case_id: one.id, ...heldOf(one), state: stateName(one.state), due_tau: one.dueTau, round: one.rounds.length - 1, seats: round.seats,
    committed: round.committed, revealed: round.revealed, for_consumer: round.forConsumer, for_provider: round.forProvider, outcome: verdictName(round.outcome),
  });
}
