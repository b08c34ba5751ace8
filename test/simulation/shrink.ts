/** Cuts a failing run down: fewer blocks, fewer transactions, fewer messages, as long as it fails in the same way. */
import { simulate, SimulationFailure } from "./simulation.ts";
import type { ForeignProcess } from "./foreign.ts";
import type { Plan, PlannedBlock } from "./plan.ts";

/** The failure's kind: its words without numbers and hexadecimal text. */
function kindOf(failure: SimulationFailure): string {
  const { cause } = failure;
  return (cause instanceof Error ? cause.message : String(cause)).replaceAll(/[0-9a-f]{8,}|dcm1[0-9a-z]+|\d+/g, "#").slice(0, 160);
}

/** The smallest plan found within so many attempts. */
export async function shrink(failure: SimulationFailure, foreign: ForeignProcess | undefined, progress: (line: string) => void, attempts = 300): Promise<Plan> {
  const kind = kindOf(failure);
  let best = failure.plan;
  let left = attempts;
  const fails = async (plan: Plan): Promise<boolean> => {
    if (left-- <= 0) return false;
    try {
      await simulate({ seed: plan.seed, blocks: 0, plan, audits: 100, ...(foreign === undefined ? {} : { foreign }) });
      return false;
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      if (kindOf(error) !== kind) return false;
      best = error.plan;
      progress(`  ${best.blocks.length} blocks, ${txCount(best)} transactions (${left} attempts left)`);
      return true;
    }
  };
  // Halves, quarters, and so on down to single ones; the last block is where it fails.
  for (let size = best.blocks.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size < best.blocks.length;) {
      if (!(await fails({ ...best, blocks: best.blocks.filter((_, i) => i < at || i >= at + size) }))) at += size;
    }
  }
  for (let i = best.blocks.length - 1; i >= 0; i--) {
    const without = (txs: PlannedBlock["txs"]): Plan => ({ ...best, blocks: best.blocks.map((block, j) => (j === i ? { ...block, txs } : block)) });
    if (best.blocks[i] === undefined || (best.blocks[i]!.txs.length > 1 && (await fails(without([]))))) continue;
    for (let t = (best.blocks[i]?.txs.length ?? 0) - 1; t >= 0; t--) await fails(without(best.blocks[i]!.txs.filter((_, j) => j !== t)));
  }
  return best;
}

function txCount(plan: Plan): number {
  return plan.blocks.reduce((sum, { txs }) => sum + txs.length, 0);
}

/** Each block with its messages, for people. */
export function describePlan(plan: Plan): string {
  const blocks = plan.blocks.map(({ nanos, proposer, txs, silent, reversed }, i) => {
    const lines = txs.map(({ messages, signers, fault, forced }) => `    ${messages.map(([typeUrl]) => typeUrl).join(" + ")} by ${signers.join(", ")}${fault === undefined ? "" : ` with fault ${JSON.stringify(fault)}`}${forced === true ? ", forced" : ""}`);
    return [`  block ${i + 1}, ${nanos} ns later, proposer ${proposer}${silent === true ? ", without its reveal" : ""}${reversed === true ? ", reversed" : ""}`, ...lines].join("\n");
  });
  return `seed ${plan.seed}: ${plan.blocks.length} blocks, ${txCount(plan)} transactions\n${blocks.join("\n")}`;
}
