/** Fees: the node's floor, who pays, and the payment. */
import { addressBytes, addressText, AddressError } from "../codec/address.ts";
import { equalBytes } from "../codec/bytes.ts";
import { coinsText, readAmount, readCoins, type Money, type WireCoin } from "../runtime/coins.ts";
import { TxError, errorOf, fail, sdkErrors } from "../runtime/errors.ts";
import type { DecodedTx } from "../codec/tx.ts";
import type { Account, SignersPort } from "../modules/auth/ports.ts";
import type { BankPort } from "../modules/bank/ports.ts";
import type { FeegrantPort } from "../modules/feegrant/ports.ts";
import type { AnteOptions, VerifiedSignatures } from "../runtime/ante.ts";
import type { Context } from "../runtime/context.ts";
import type { SignerAddress } from "./signers.ts";

const unit = 10n ** 18n;

/** ANTE-6: CheckTx wants gas to be paid at this node's price, in one denom of its list; rounded up. */
export function checkMinGasPrice(tx: DecodedTx, minGasPrices: AnteOptions["minGasPrices"]): void {
  const prices = minGasPrices.filter(([, price]) => price > 0n);
  if (prices.length === 0) return;
  const { amount, gasLimit } = tx.authInfo.fee!;
  const required = prices.map(([denom, price]) => ({ denom, amount: (price * gasLimit + unit - 1n) / unit }));
  for (const coin of amount) {
    const wanted = required.find((one) => one.denom === coin.denom);
    if (wanted !== undefined && wanted.amount > 0n && (readAmount(coin.amount) ?? -1n) >= wanted.amount) return;
  }
  fail(sdkErrors.insufficientFee, `insufficient fees; got: ${coinsText(amount)} required: ${coinsText(required)}`);
}

export interface FeePorts {
  readonly accounts: SignersPort;
  readonly bank: BankPort;
  readonly feegrant: FeegrantPort;
}

/** ANTE-7: the fee goes from the payer, or from the granter that lets the payer spend, to the fee collector. */
export function deductFee(ctx: Context, tx: DecodedTx, signers: readonly SignerAddress[], known: readonly (Account | undefined)[], verified: VerifiedSignatures, ports: FeePorts): void {
  const { amount, granter, payer } = tx.authInfo.fee!;
  const payerAddress = payer === "" ? signers[0]!.address : readFeeAddress(payer);
  let from = payerAddress;
  const coins = verified.fee ?? feeCoins(amount);
  if (coins !== undefined) verified.fee = coins;
  if (granter !== "") {
    from = readFeeAddress(granter);
    if (!equalBytes(from, payerAddress)) useGrant(ctx, tx, from, payerAddress, coins, amount, ports.feegrant);
  }
  const index = from === signers[0]!.address ? 0 : signers.findIndex((signer) => equalBytes(signer.address, from));
  const account = index >= 0 ? known[index] : ports.accounts.find(ctx, from);
  if (account === undefined) fail(sdkErrors.unknownAddress, `fee payer address: ${addressText(from)} does not exist`);
  if (coins === undefined) fail(sdkErrors.insufficientFee, `invalid fee amount: ${coinsText(amount)}`);
  if (coins.length > 0) {
    try {
      ports.bank.collectFee(ctx, account, coins);
    } catch (error) {
      throw feeError(error);
    }
  }
  if (ctx.emits) ctx.emit("tx", [["fee", coinsText(amount)], ["fee_payer", account.addressText]]);
}

/** What is told of a payment that failed: where the payer is short, in the words of a fee. */
export function feeError(error: unknown): unknown {
  const short = error instanceof TxError && error.codespace === "sdk" && error.code === sdkErrors.insufficientFunds.code;
  return short ? errorOf(sdkErrors.insufficientFunds, error.message) : error;
}

/** Canonical coins; none where all amounts are zero; undefined where they are not canonical. */
function feeCoins(amount: readonly WireCoin[]): Money[] | undefined {
  if (amount.every((coin) => coin.amount === "0")) return [];
  const coins = readCoins(amount);
  return typeof coins === "string" ? undefined : coins;
}

function useGrant(ctx: Context, tx: DecodedTx, granter: Uint8Array, grantee: Uint8Array, coins: readonly Money[] | undefined, amount: readonly WireCoin[], feegrant: FeegrantPort): void {
  if (coins === undefined) fail(sdkErrors.insufficientFee, `invalid fee amount: ${coinsText(amount)}`);
  try {
    feegrant.use(ctx, granter, grantee, coins, tx.messages.map((message) => message.typeUrl));
  } catch (error) {
    if (error instanceof TxError) throw new TxError(error.codespace, error.code, `${addressText(granter)} does not allow to pay fees for ${addressText(grantee)}: ${error.message}`);
    throw error;
  }
}

function readFeeAddress(text: string): Uint8Array {
  try {
    return addressBytes(text);
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, `Invalid fee payer address (${error.message})`);
    throw error;
  }
}
