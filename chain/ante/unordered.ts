/** Unordered transactions: a timeout that the sender has not used before takes the place of the sequence. */
import { addressText } from "../codec/address.ts";
import { fail, sdkErrors } from "../runtime/errors.ts";
import { timeoutNanos } from "./limits.ts";
import type { DecodedTx } from "../codec/tx.ts";
import type { SignersPort } from "../modules/auth/ports.ts";
import type { Context } from "../runtime/context.ts";
import type { SignerAddress } from "./signers.ts";

/** 10 minutes. */
export const maxTimeoutNanos = 600_000_000_000n;
/** Twice what it costs to look a nonce up and to remove it: the sender pays for the pruning. */
export const unorderedGas = 2240;

/** ANTE-10: within ten minutes, and each timeout once per sender. */
export function useNonces(ctx: Context, tx: DecodedTx, signers: readonly SignerAddress[], accounts: SignersPort): void {
  const timeout = timeoutNanos(tx.body);
  if (timeout === undefined) fail(sdkErrors.invalidRequest, "unordered transaction must have timeout_timestamp set");
  if (timeout < ctx.header.timeNanos) fail(sdkErrors.invalidRequest, "unordered transaction has a timeout_timestamp that has already passed");
  if (timeout > ctx.header.timeNanos + maxTimeoutNanos) fail(sdkErrors.invalidRequest, "unordered tx ttl exceeds 10m0s");
  ctx.gas.consume(unorderedGas, "unordered tx");
  if (ctx.mode === "simulate") return;
  for (const { address } of signers) {
    if (!accounts.useNonce(ctx, address, timeout)) {
      fail(sdkErrors.invalidRequest, `failed to add unordered nonce: sender ${addressText(address)} has already used timeout ${timeout}`);
    }
  }
}
