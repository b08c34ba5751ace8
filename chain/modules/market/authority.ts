/** Who may change classes and parameters. */
import { TxError } from "../../runtime/errors.ts";
import type { MarketPorts } from "./ports.ts";

/** Fails with gov 13, as the SDK's modules do. */
export function requireAuthority({ authority }: MarketPorts, given: string): void {
  if (given !== authority) throw new TxError("gov", 13, `invalid authority; expected ${authority}, got ${given}: expected gov account as only signer for proposal message`);
}
