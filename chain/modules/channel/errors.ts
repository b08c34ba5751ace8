/** The errors of codespace `paychan`: `channel` is that of ibc-go, whose clients would read ours as its own. Each says field, value and limit, and where it helps what to do next. */
import { defineErrors } from "../../runtime/errors.ts";

interface Field {
  readonly field: string;
  readonly value: string | bigint | number;
  readonly limit: string;
}

export const errors = defineErrors("paychan", {
  invalidField: [2, ({ field, value, limit }: Field) => `${field} is ${String(value).slice(0, 120)}; it must be ${limit}`],
  selfPayment: [4, ({ payer }: { payer: string }) => `payer and recipient are both ${payer}; a channel pays another account`],
  blockedRecipient: [5, ({ recipient }: { recipient: string }) => `${recipient} is a module's account and may not be paid through a channel`],
  noVoucherKey: [6, ({ payer }: { payer: string }) => `voucher_key is empty and the account ${payer} has no single secp256k1 key; name the key that will sign the vouchers`],
  unknownChannel: [7, ({ id }: { id: bigint }) => `there is no channel ${id}: it never was, or it has ended`],
  notYours: [8, ({ id, role, owner, signer }: { id: bigint; role: string; owner: string; signer: string }) => `channel ${id} has the ${role} ${owner}, not ${signer}`],
  wrongDenom: [9, ({ id, denom, given }: { id: bigint; denom: string; given: string }) => `channel ${id} is in ${denom}, the amount is in ${given}`],
  channelClosing: [10, ({ id, ends }: { id: bigint; ends: bigint }) => `channel ${id} is closing and ends after tau ${ends}; open a new one`],
  channelEnded: [11, ({ id, ends, tau }: { id: bigint; ends: bigint; tau: bigint }) => `channel ${id} ended after tau ${ends}, it is ${tau}: the rest is the payer's`],
  voucherExpired: [12, ({ expires, tau }: { expires: bigint; tau: bigint }) => `the voucher counted up to tau ${expires}, it is ${tau}`],
  wrongSignature: [13, ({ id }: { id: bigint }) => `the signature is not one of channel ${id}'s voucher key over this chain, this channel, its denom, the amount and the expiry; see Voucher for the bytes`],
  nothingToRedeem: [14, ({ id, cumulative, redeemed, deposited }: { id: bigint; cumulative: bigint; redeemed: bigint; deposited: bigint }) =>
    `the voucher pays ${cumulative} in all; channel ${id} has paid ${redeemed} of ${deposited} deposited: there is nothing more to redeem with it`],
  invalidParams: [15, ({ field, value, low, high }: { field: string; value: string; low: string; high: string }) => `${field} is ${value}; it must be from ${low} to ${high}`],
} as const);
