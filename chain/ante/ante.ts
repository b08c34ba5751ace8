/** The checks before a transaction's messages, in the Cosmos SDK's order. Which of them run depends on the mode; see README.md. */
import { fail, sdkErrors } from "../runtime/errors.ts";
import { checkMinGasPrice, deductFee, feeError } from "./fees.ts";
import { chargeSize, checkBasics, checkDeadlines, checkMemo, checkShape } from "./limits.ts";
import { chargeSignatures, emitSignatures, signerKeys, verifySignatures } from "./signatures.ts";
import { signersOf } from "./signers.ts";
import { useNonces } from "./unordered.ts";
import type { DecodedMessage, DecodedTx } from "../codec/tx.ts";
import type { Account, SignersPort } from "../modules/auth/ports.ts";
import type { BankPort } from "../modules/bank/ports.ts";
import type { FeegrantPort } from "../modules/feegrant/ports.ts";
import type { Ante, CommonTx, VerifiedSignatures } from "../runtime/ante.ts";
import type { Money } from "../runtime/coins.ts";
import type { SignerAddress } from "./signers.ts";
import type { Context } from "../runtime/context.ts";

/** What the ante asks of the messages' handlers. */
export interface Messages {
  /** Bech32 addresses that must sign. */
  signers(message: DecodedMessage): readonly string[];
  /** The stateless checks of the message, after everything else; throws TxError. False where it left them to the caller, who makes them before it executes. */
  readonly check?: (message: DecodedMessage) => boolean;
}

export interface AntePorts {
  readonly accounts: SignersPort;
  readonly bank: BankPort;
  readonly feegrant: FeegrantPort;
  readonly messages: Messages;
}

export function createAnte(ports: AntePorts): Ante {
  const { accounts, messages } = ports;
  return (ctx, tx, verified, options) => {
    if (ctx.mode === "recheck") return recheck(ctx, tx, verified, ports);
    checkShape(tx, options.maxBlockGas);
    const signers = (verified.signers ??= signersOf(tx, messages));
    checkBasics(tx, signers);
    checkDeadlines(ctx, tx);
    const params = accounts.params(ctx);
    checkMemo(tx.body.memo, params);
    chargeSize(ctx, tx, params, signers, accounts);
    if (tx.authInfo.fee!.gasLimit === 0n && ctx.mode !== "simulate" && ctx.mode !== "genesis") fail(sdkErrors.invalidGasLimit, "must provide positive gas");
    if (ctx.mode === "check") checkMinGasPrice(tx, options.minGasPrices);
    const known = signers.map((signer) => accounts.find(ctx, signer.address));
    deductFee(ctx, tx, signers, known, verified, ports);
    const keys = signerKeys(ctx, tx, signers, known);
    emitSignatures(ctx, tx, signers);
    chargeSignatures(ctx, tx, keys, params);
    if (tx.body.unordered) useNonces(ctx, tx, signers, accounts);
    for (const [i, { account }] of keys.entries()) checkSequence(tx, i, account);
    if (ctx.mode !== "simulate") verifySignatures(ctx, tx, keys, verified);
    for (const { account, key } of keys) advance(ctx, tx, account, account.pubKey === undefined ? { pubKey: key } : {}, accounts);
    checkMessages(tx, verified, messages);
    if (ctx.mode !== "check") return;
    verified.checked = true;
    verified.common = commonOf(tx, signers, verified.fee);
  };
}

/** Once for each message, in CheckTx or in the block: nothing but the message decides. */
function checkMessages(tx: DecodedTx, verified: VerifiedSignatures, { check }: Messages): void {
  if (check === undefined) return;
  const passed = (verified.passed ??= []);
  for (let i = 0; i < tx.messages.length; i++) passed[i] ||= check(tx.messages[i]!);
}

/** What a block may have changed since CheckTx: deadlines, fees and sequences (ABCI-16). Shape and signatures were found good. */
function recheck(ctx: Context, tx: DecodedTx, verified: VerifiedSignatures, ports: AntePorts): void {
  const { accounts, messages } = ports;
  if (verified.common !== undefined && recheckCommon(ctx, verified.common, ports)) return;
  const signers = (verified.signers ??= signersOf(tx, messages));
  if (verified.checked !== true) {
    // Asked of a transaction that no check has seen: what the rest relies on.
    if (tx.messages.length === 0) fail(sdkErrors.invalidRequest, "must contain at least one message");
    checkBasics(tx, signers);
    if (tx.authInfo.signerInfos.length !== signers.length) fail(sdkErrors.unauthorized, `wrong number of signer infos; expected ${signers.length}, got ${tx.authInfo.signerInfos.length}`);
  }
  checkDeadlines(ctx, tx);
  const known = signers.map((signer) => accounts.find(ctx, signer.address));
  deductFee(ctx, tx, signers, known, verified, ports);
  if (tx.body.unordered) useNonces(ctx, tx, signers, accounts);
  for (let i = 0; i < known.length; i++) {
    const account = known[i];
    if (account === undefined) fail(sdkErrors.unknownAddress, `account ${signers[i]!.text} does not exist`);
    checkSequence(tx, i, account);
    if (!tx.body.unordered) accounts.update(ctx, account, { sequence: account.sequence + 1n });
  }
}

/** What a recheck needs of a checked transaction; undefined where it is not the common one. */
function commonOf({ body, authInfo }: DecodedTx, signers: readonly SignerAddress[], fee: readonly Money[] | undefined): CommonTx | undefined {
  const { payer, granter } = authInfo.fee!;
  if (fee === undefined || fee.length > 1 || signers.length !== 1 || body.unordered || payer !== "" || granter !== "") return undefined;
  if (body.timeoutHeight > 0n || body.timeoutTimestamp !== undefined) return undefined;
  return { address: signers[0]!.address, sequence: authInfo.signerInfos[0]!.sequence, denom: fee[0]?.denom ?? "", amount: fee[0]?.amount ?? 0n };
}

/** Nothing is decoded. False, and nothing changed, where the signer's account is no base account or not at this sequence. */
function recheckCommon(ctx: Context, { address, sequence, denom, amount }: CommonTx, { accounts, bank }: AntePorts): boolean {
  if (!accounts.advance(ctx, address, sequence)) return false;
  try {
    if (amount > 0n) bank.hold(ctx, address, denom, amount);
  } catch (error) {
    throw feeError(error);
  }
  return true;
}

function checkSequence(tx: DecodedTx, i: number, account: Account): void {
  const { sequence } = tx.authInfo.signerInfos[i]!;
  if (tx.body.unordered) {
    if (sequence > 0n) fail(sdkErrors.invalidRequest, "sequence is not allowed for unordered transactions");
    return;
  }
  if (sequence !== account.sequence) fail(sdkErrors.wrongSequence, `account sequence mismatch, expected ${account.sequence}, got ${sequence}`);
}

/** One write for the sequence and, the first time, the key. */
function advance(ctx: Context, tx: DecodedTx, account: Account, change: Parameters<SignersPort["update"]>[2], accounts: SignersPort): void {
  if (!tx.body.unordered) accounts.update(ctx, account, { ...change, sequence: account.sequence + 1n });
  else if (change.pubKey !== undefined) accounts.update(ctx, account, change);
}
