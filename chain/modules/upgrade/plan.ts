/** What a plan may be, and how it is told. */
import type { Plan } from "../../codec/gen/cosmos/upgrade/v1beta1/upgrade.ts";
import { utf8 } from "../../codec/bytes.ts";

/** Go's zero time, which the SDK writes into every plan. */
export const noTime = { seconds: -62_135_596_800n, nanos: 0 } as const;

/** UTF-8 bytes: a name becomes a directory of the operator's, info may list a download for each platform. */
export const limits = { name: 100, info: 10_000 } as const;

/** The sentence that says what is wrong with a plan. */
export function planFault(plan: Plan | undefined): string | undefined {
  if (plan?.time !== undefined && (plan.time.seconds !== noTime.seconds || plan.time.nanos !== 0)) return "time-based upgrades have been deprecated in the SDK";
  if (plan?.upgradedClientState !== undefined) return "upgrade logic for IBC has been moved to the IBC module";
  if (plan === undefined || plan.name.length === 0) return "name cannot be empty";
  if (utf8(plan.name).length > limits.name) return `name has ${utf8(plan.name).length} bytes, at most ${limits.name} are allowed`;
  if (/[\u0000-\u001f\u007f]/.test(plan.name)) return "name has control characters";
  if (plan.height <= 0n) return "height must be greater than 0";
  if (utf8(plan.info).length > limits.info) return `info has ${utf8(plan.info).length} bytes, at most ${limits.info} are allowed`;
  return undefined;
}

/** The line that supervisors of every Cosmos chain know. */
export function neededText({ name, height, info }: Pick<Plan, "name" | "height" | "info">): string {
  return `UPGRADE "${name}" NEEDED at height: ${height}: ${info}`;
}
