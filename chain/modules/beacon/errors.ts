import { defineErrors } from "../../runtime/errors.ts";

export const errors = defineErrors("beacon", {
  badKey: [2, () => "public_key is not a BLS12-381 public key: 48 compressed bytes of a G1 point in the subgroup, not infinity"],
  badProof: [3, () => "proof_of_possession does not verify: sign it with the registered key, for this chain id and this operator"],
  alreadyDecided: [4, ({ height }: { height: bigint }) => `the seed of block ${height} is decided already: a block has one reveal at most`],
  wrongHeight: [5, ({ height, block }: { height: bigint; block: bigint }) => `the reveal is for height ${height}, the block has ${block}`],
  noKey: [6, () => "the block's proposer has no active beacon key, so its block carries no reveal"],
  badReveal: [7, () => "the reveal does not verify under the proposer's beacon key over (chain id, height, previous seed)"],
  badParams: [8, ({ what }: { what: string }) => what],
  sameKey: [9, () => "public_key is the validator's beacon key already"],
  notProposer: [10, ({ operator, given }: { operator: string; given: string }) => `the block's proposer is ${operator}, the reveal says ${given.slice(0, 128)}`],
  notValidator: [11, ({ operator }: { operator: string }) => `${operator} is no validator: only validators have beacon keys, create the validator first`],
});
