/** Which blocks CometBFT may forget (ABCI-15), by the rule of the Cosmos SDK's GetBlockRetentionHeight. */

export interface Retention {
  /** Blocks that the operator wants to keep; 0: all. */
  readonly minRetainBlocks: number;
  /**
   * Blocks for which evidence counts, which must be verified against the block that it is about. Stands for the unbonding period, too: evidence that outlives it would find no stake.
   * Undefined where the chain does not say: then nothing is forgotten.
   */
  readonly evidenceAgeBlocks: bigint | undefined;
  /** Heights between snapshots; 0 takes none. */
  readonly snapshotInterval: number;
  /** Snapshots that are kept: who takes the oldest one goes on with the blocks from there. */
  readonly snapshotKeepRecent: number;
}

/** The first height that CometBFT keeps when `height` is committed; 0 where it forgets nothing. */
export function retainHeight(height: bigint, { minRetainBlocks, evidenceAgeBlocks, snapshotInterval, snapshotKeepRecent }: Retention): bigint {
  if (minRetainBlocks === 0 || evidenceAgeBlocks === undefined) return 0n;
  const kept = [BigInt(minRetainBlocks), evidenceAgeBlocks, BigInt(snapshotInterval) * BigInt(snapshotKeepRecent)].reduce((most, blocks) => (blocks > most ? blocks : most));
  return height > kept ? height - kept : 0n;
}
