/** Who must sign a transaction: the signers of its messages in their order, then a fee payer that is none of them. */
import { AddressError, addressBytes } from "../codec/address.ts";
import { equalBytes } from "../codec/bytes.ts";
import { defaultTxLimits } from "../codec/tx.ts";
import { fail, sdkErrors } from "../runtime/errors.ts";
import type { DecodedTx } from "../codec/tx.ts";
import type { Messages } from "./ante.ts";

export interface SignerAddress {
  readonly text: string;
  readonly address: Uint8Array;
}

/** Fails with sdk 4 where the messages name more signers than a transaction can have signatures: nothing is looked up for them. */
export function signersOf(tx: DecodedTx, messages: Messages): SignerAddress[] {
  const out: SignerAddress[] = [];
  for (const message of tx.messages) for (const text of messages.signers(message)) add(out, text);
  const payer = tx.authInfo.fee?.payer ?? "";
  if (payer !== "") add(out, payer);
  return out;
}

function add(out: SignerAddress[], text: string): void {
  for (const known of out) if (known.text === text) return;
  try {
    const address = addressBytes(text);
    // One address has two texts, lower and upper case.
    for (const known of out) if (equalBytes(known.address, address)) return;
    if (out.length === defaultTxLimits.maxSigners) fail(sdkErrors.unauthorized, `wrong number of signers; expected at most ${defaultTxLimits.maxSigners}`);
    out.push({ text, address });
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, error.message);
    throw error;
  }
}
