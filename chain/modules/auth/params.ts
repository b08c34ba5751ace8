/** Parameters of `cosmos.auth.v1beta1`: what transactions may carry and what their parts cost in gas. */
import type { Params } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";

export function defaultParams(): Params {
  return { maxMemoCharacters: 256n, txSigLimit: 7n, txSizeCostPerByte: 10n, sigVerifyCostEd25519: 590n, sigVerifyCostSecp256k1: 1000n };
}

/** No more than leaves a transaction of a few signatures and kilobytes within the gas of any block: dearer, nobody could change it back. */
const most = 1_000_000_000n;
const mostPerSignature = 100_000n;
const mostPerByte = 500n;

/** The sentence that says what is out of range, in the SDK's words where the SDK has the rule. */
export function paramsFault(params: Params): string | undefined {
  const named: readonly (readonly [string, bigint, bigint])[] = [
    ["tx signature limit", params.txSigLimit, most],
    ["ED25519 signature verification cost", params.sigVerifyCostEd25519, mostPerSignature],
    ["SECK256k1 signature verification cost", params.sigVerifyCostSecp256k1, mostPerSignature],
    ["max memo characters", params.maxMemoCharacters, most],
    ["tx size cost per byte", params.txSizeCostPerByte, mostPerByte],
  ];
  for (const [name, value, highest] of named) if (value === 0n || value > highest) return `invalid ${name}: ${value}`;
  return undefined;
}
