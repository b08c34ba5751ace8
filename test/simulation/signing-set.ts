/** Who signs and proposes, as CometBFT keeps it: what a block's end changes acts two heights later, and what it may not change is an error. */
import { pubkeyAddress } from "../../chain/codec/address.ts";
import { toHex } from "../../chain/codec/bytes.ts";
import type { CommitInfo, ValidatorUpdate } from "../../chain/codec/gen/tendermint/abci/types.ts";

export interface Signer {
  /** 20 bytes, as headers name it. */
  readonly address: Uint8Array;
  readonly power: bigint;
}

/** CometBFT counts a set's power in 60 bits. */
const mostPower = (1n << 63n) / 8n;

export class SigningSet {
  /** From this height on, by address. */
  #sets: { readonly from: bigint; readonly signers: ReadonlyMap<string, Signer> }[];

  readonly #initialHeight: bigint;

  constructor(initialHeight: bigint, updates: readonly ValidatorUpdate[]) {
    this.#initialHeight = initialHeight;
    this.#sets = [{ from: initialHeight, signers: changed(new Map(), updates) }];
  }

  /** In the order of CometBFT's sets: strongest first, then by address. */
  at(height: bigint): readonly Signer[] {
    const { signers } = this.#sets.findLast(({ from }) => from <= height)!;
    return [...signers.values()].sort((a, b) => (a.power === b.power ? (toHex(a.address) < toHex(b.address) ? -1 : 1) : a.power > b.power ? -1 : 1));
  }

  /** Takes what the block of this height changed. Throws where CometBFT would end there. */
  apply(height: bigint, updates: readonly ValidatorUpdate[]): void {
    if (updates.length === 0) return;
    this.#sets = [...this.#sets, { from: height + 2n, signers: changed(this.#sets.at(-1)!.signers, updates) }];
  }

  /** Of the block before `height`: all but the absent signed it. The first block has none before it. */
  lastCommit(height: bigint, absent: readonly number[]): CommitInfo {
    const signers = this.#initialHeight === height ? [] : this.at(height - 1n);
    return { round: 0, votes: signers.map(({ address, power }, i) => ({ validator: { address, power }, blockIdFlag: absent.includes(i) ? 1 : 2 })) };
  }
}

function changed(before: ReadonlyMap<string, Signer>, updates: readonly ValidatorUpdate[]): ReadonlyMap<string, Signer> {
  const after = new Map(before);
  const seen = new Set<string>();
  for (const { pubKey, power } of updates) {
    if (pubKey?.ed25519 === undefined) throw new Error("a validator update without an ed25519 key");
    const address = pubkeyAddress({ kind: "ed25519", key: pubKey.ed25519 });
    const key = toHex(address);
    if (seen.has(key)) throw new Error(`validator ${key} is updated twice in one block`);
    seen.add(key);
    if (power < 0n) throw new Error(`validator ${key} has power ${power}`);
    if (power > 0n) after.set(key, { address, power });
    else if (!after.delete(key)) throw new Error(`validator ${key} is removed, but is not in the set`);
  }
  if (after.size === 0) throw new Error("the validator set is empty");
  let total = 0n;
  for (const { power } of after.values()) total += power;
  if (total > mostPower) throw new Error(`the set has power ${total}, CometBFT counts up to ${mostPower}`);
  return after;
}
