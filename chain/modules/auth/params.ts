/** Parameters of `cosmos.auth.v1beta1`: what transactions may carry and what their parts cost in gas. */
import type { Params } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";

export function defaultParams(): Params {
  return { maxMemoCharacters: 256n, txSigLimit: 7n, txSizeCostPerByte: 10n, sigVerifyCostEd25519: 590n, sigVerifyCostSecp256k1: 1000n };
}

/** No gas price may make a transaction's cost leave the exact integers. */
const most = 1_000_000_000n;

/** The sentence that says what is out of range, in the SDK's words where the SDK has the rule. */
export function paramsFault(params: Params): string | undefined {
  const named: readonly (readonly [string, bigint])[] = [
    ["tx signature limit", params.txSigLimit],
    ["ED25519 signature verification cost", params.sigVerifyCostEd25519],
    ["SECK256k1 signature verification cost", params.sigVerifyCostSecp256k1],
    ["max memo characters", params.maxMemoCharacters],
    ["tx size cost per byte", params.txSizeCostPerByte],
  ];
  for (const [name, value] of named) if (value === 0n || value > most) return `invalid ${name}: ${value}`;
  return undefined;
}
