/** Verifies the signatures of blocks that this node has not seen transaction by transaction (catching up) on all cores, ahead of execution. */
import { VerifierPool } from "../codec/verifier-pool.ts";
import type { Machine } from "../runtime/machine.ts";

/** Fewer are verified where they are executed: handing them out costs more. */
const fewest = 100;

export interface Prefetch {
  (txs: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

/** The threads are started by the first block that needs them; `threads` beside the calling one, by default one less than there are cores. */
export function prefetcher(machine: Machine, threads?: number): Prefetch {
  let pool: VerifierPool | undefined;
  const run = async (txs: readonly Uint8Array[]): Promise<void> => {
    if (txs.length < fewest) return;
    const claims = machine.unverified(txs);
    if (claims.length < fewest) return;
    pool ??= new VerifierPool(threads);
    const valid = await pool.verifyBatch(claims);
    for (const [i, claim] of claims.entries()) if (valid[i] === 1) claim.accept();
  };
  return Object.assign(run, { close: async () => pool?.close() });
}
