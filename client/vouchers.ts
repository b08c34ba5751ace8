/**
 * Payment channels off chain: vouchers made, signed and checked; a payer that counts up, a recipient that keeps the best one. Runs in Node.js and in
 * browsers: signatures come from @noble/curves unless a faster `Curve` is given (`voucher-node.ts`), storage is the caller's.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { equalBytes } from "../chain/codec/bytes.ts";
import { voucherBytes } from "../chain/codec/voucher.ts";
import { Voucher, type Channel } from "../chain/codec/gen/dcm/channel/v1/types.ts";
import type { MsgRedeemVoucher } from "../chain/codec/gen/dcm/channel/v1/tx.ts";

export { Voucher } from "../chain/codec/gen/dcm/channel/v1/types.ts";

/** ECDSA over secp256k1: keys of 33 bytes, compressed; signatures of 64 bytes, low s; digests of 32 bytes. */
export interface Curve {
  publicKey(secret: Uint8Array): Uint8Array;
  sign(digest: Uint8Array, secret: Uint8Array): Uint8Array;
  /** False for whatever is malformed. */
  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean;
}

export const portableCurve: Curve = {
  publicKey: (secret) => secp256k1.getPublicKey(secret, true),
  sign: (digest, secret) => secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: "compact" }),
  verify(signature, digest, key) {
    try {
      return secp256k1.verify(signature, digest, key, { prehash: false, lowS: true, format: "compact" });
    } catch {
      return false;
    }
  },
};

/** A channel as those see it who pay and are paid through it. What the chain says of it changes by top-ups and closing: see `update`. */
export interface ChannelTerms {
  readonly chainId: string;
  readonly channelId: bigint;
  readonly recipient: string;
  readonly denom: string;
  readonly voucherKey: Uint8Array;
  /** Milliseconds of tau from the payer's request to close to the end. */
  readonly closingPeriod: bigint;
  readonly deposited: bigint;
  readonly redeemed: bigint;
  /** The last tau at which vouchers are redeemed; 0: none is set. */
  readonly endsTau: bigint;
}

/** From `connection.query.channel.channel({ channelId })`. */
export function channelTerms(chainId: string, { id, recipient, denom, voucherKey, closingPeriod, deposited, redeemed, endsTau }: Channel): ChannelTerms {
  return { chainId, channelId: id, recipient, denom, voucherKey, closingPeriod, deposited: BigInt(deposited), redeemed: BigInt(redeemed), endsTau };
}

/** Why a voucher was not made or not taken. */
export type VoucherFault = "chain" | "channel" | "recipient" | "denom" | "closing" | "amount" | "deposit" | "ending" | "expiry" | "signature" | "key";

export class VoucherError extends Error {
  override readonly name = "VoucherError";
  readonly fault: VoucherFault;
  constructor(fault: VoucherFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

function digestOf({ chainId, channelId, denom, cumulativeAmount, expiresTau }: Omit<Voucher, "signature">): Uint8Array {
  return sha256(voucherBytes({ chainId, channelId, denom, cumulative: BigInt(cumulativeAmount), expiresTau }));
}

/** `expiresTau` 0: the voucher is good as long as the channel is. */
export function signVoucher({ chainId, channelId, denom }: Pick<ChannelTerms, "chainId" | "channelId" | "denom">, cumulative: bigint, secret: Uint8Array, { expiresTau = 0n, curve = portableCurve }: { expiresTau?: bigint; curve?: Curve } = {}): Voucher {
  const unsigned = { chainId, channelId, denom, cumulativeAmount: cumulative.toString(), expiresTau };
  return { ...unsigned, signature: curve.sign(digestOf(unsigned), secret) };
}

/** Whether the key signed exactly this. A voucher comes from somebody else: whatever is malformed in it makes it false. */
export function verifyVoucher(voucher: Voucher, key: Uint8Array, curve: Curve = portableCurve): boolean {
  if (!/^[1-9]\d{0,77}$/.test(voucher.cumulativeAmount) || voucher.signature.length !== 64) return false;
  try {
    return curve.verify(voucher.signature, digestOf(voucher), key);
  } catch (error) {
    // Parts that do not fit their places.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The transaction's message; anybody may send it, the recipient is paid. */
export function redeemMessage(sender: string, { channelId, cumulativeAmount, expiresTau, signature }: Voucher): { typeUrl: string; value: MsgRedeemVoucher } {
  return { typeUrl: "/dcm.channel.v1.MsgRedeemVoucher", value: { sender, channelId, cumulativeAmount, expiresTau, signature } };
}

/** Where one side of one channel keeps its last voucher. What `save` was given must survive a crash once it resolved. */
export interface VoucherStore {
  load(): Promise<Uint8Array | undefined>;
  save(voucher: Uint8Array): Promise<void>;
}

/** Forgets with the process: for tests, and for who can afford it. */
export function memoryVoucherStore(): VoucherStore {
  let kept: Uint8Array | undefined;
  return {
    load: () => Promise.resolve(kept),
    save(voucher) {
      kept = voucher;
      return Promise.resolve();
    },
  };
}

/** Runs one after the other, in the order of the calls, whatever became of those before. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();
  take<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run, run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

async function loadVoucher(store: VoucherStore, terms: ChannelTerms): Promise<Voucher | undefined> {
  const bytes = await store.load();
  if (bytes === undefined) return undefined;
  const voucher = Voucher.decode(bytes);
  checkPlace(voucher, terms);
  return voucher;
}

function checkPlace(voucher: Voucher, { chainId, channelId, denom }: ChannelTerms): void {
  if (voucher.chainId !== chainId) throw new VoucherError("chain", `the voucher is for chain ${voucher.chainId.slice(0, 64)}, the channel is on ${chainId}`);
  if (voucher.channelId !== channelId) throw new VoucherError("channel", `the voucher is for channel ${voucher.channelId}, this is ${channelId}`);
  if (voucher.denom !== denom) throw new VoucherError("denom", `the voucher is in ${voucher.denom.slice(0, 128)}, the channel in ${denom}`);
}

function sameChannel(a: ChannelTerms, b: ChannelTerms): void {
  if (a.chainId !== b.chainId || a.channelId !== b.channelId || !equalBytes(a.voucherKey, b.voucherKey)) throw new VoucherError("channel", `channel ${b.channelId} of ${b.chainId} is not channel ${a.channelId} of ${a.chainId}`);
}

export interface PayerOptions {
  readonly terms: ChannelTerms;
  /** 32 bytes; the secret of `terms.voucherKey`. */
  readonly secret: Uint8Array;
  readonly store: VoucherStore;
  readonly curve?: Curve;
}

/** The paying side: vouchers whose amounts only rise, over restarts too, and never beyond the deposit. */
export class VoucherPayer {
  #terms: ChannelTerms;
  #promised: bigint;
  readonly #options: PayerOptions;
  readonly #turns = new Turns();

  private constructor(options: PayerOptions, promised: bigint) {
    this.#options = options;
    this.#terms = options.terms;
    this.#promised = promised;
  }

  static async open(options: PayerOptions): Promise<VoucherPayer> {
    const { terms, secret, store, curve = portableCurve } = options;
    if (!equalBytes(curve.publicKey(secret), terms.voucherKey)) throw new VoucherError("key", `the secret is not that of channel ${terms.channelId}'s voucher key`);
    const last = await loadVoucher(store, terms);
    const promised = last === undefined ? 0n : BigInt(last.cumulativeAmount);
    // What was redeemed was promised, even where the memory of it is lost.
    return new VoucherPayer(options, promised > terms.redeemed ? promised : terms.redeemed);
  }

  /** All that was promised so far. */
  get promised(): bigint {
    return this.#promised;
  }

  /** What can still be promised before a top-up. */
  get left(): bigint {
    return this.#terms.deposited - this.#promised;
  }

  /** After a top-up, or when the channel began to close. */
  update(terms: ChannelTerms): void {
    sameChannel(this.#terms, terms);
    this.#terms = terms;
    if (terms.redeemed > this.#promised) this.#promised = terms.redeemed;
  }

  /** A voucher for `amount` more than the last one; it is stored before it is given out. Rejects with a VoucherError. */
  pay(amount: bigint, { expiresTau = 0n }: { expiresTau?: bigint } = {}): Promise<Voucher> {
    return this.#turns.take(async () => {
      if (amount <= 0n) throw new VoucherError("amount", `a payment is above 0, not ${amount}`);
      if (amount > this.left) throw new VoucherError("deposit", `the payment is ${amount}, ${this.left}${this.#terms.denom} of channel ${this.#terms.channelId} are left: top it up first`);
      const { secret, store, curve = portableCurve } = this.#options;
      const promised = this.#promised + amount;
      const voucher = signVoucher(this.#terms, promised, secret, { expiresTau, curve });
      await store.save(Voucher.encode(voucher).finish());
      this.#promised = promised;
      return voucher;
    });
  }
}

export interface RecipientOptions {
  /** As the chain has them, not as the payer says. */
  readonly terms: ChannelTerms;
  /** Who is to be paid, and in what. */
  readonly address: string;
  readonly denom: string;
  /** Shortest closing period that is taken, in milliseconds of tau: redeem at least as often. Default: an hour. */
  readonly minClosingMs?: bigint;
  readonly store: VoucherStore;
  readonly curve?: Curve;
  /** Milliseconds of tau that a redemption may take; vouchers of less time are not taken. Default: ten minutes. */
  readonly marginMs?: bigint;
}

/** The side that is paid: takes what is worth more than what it has, and keeps it before it says so. */
export class VoucherRecipient {
  #terms: ChannelTerms;
  #best: Voucher | undefined;
  readonly #options: RecipientOptions;
  readonly #turns = new Turns();

  private constructor(options: RecipientOptions, best: Voucher | undefined) {
    this.#options = options;
    this.#terms = options.terms;
    this.#best = best;
  }

  /** Rejects with a VoucherError where the channel pays somebody else, another denom, or leaves too little time. */
  static async open(options: RecipientOptions): Promise<VoucherRecipient> {
    const { terms, address, denom, minClosingMs = 3_600_000n } = options;
    if (terms.recipient !== address) throw new VoucherError("recipient", `channel ${terms.channelId} pays ${terms.recipient}, not ${address}`);
    if (terms.denom !== denom) throw new VoucherError("denom", `channel ${terms.channelId} pays in ${terms.denom}, not in ${denom}`);
    if (terms.closingPeriod < minClosingMs) throw new VoucherError("closing", `channel ${terms.channelId} closes within ${terms.closingPeriod} ms, at least ${minClosingMs} are wanted`);
    return new VoucherRecipient(options, await loadVoucher(options.store, options.terms));
  }

  /** The voucher to redeem: it pays everything that was accepted. */
  get best(): Voucher | undefined {
    return this.#best;
  }

  /** All that was accepted, or redeemed without this side's knowing. */
  get received(): bigint {
    const best = this.#best === undefined ? 0n : BigInt(this.#best.cumulativeAmount);
    return best > this.#terms.redeemed ? best : this.#terms.redeemed;
  }

  /** What the best voucher would pay now. */
  get redeemable(): bigint {
    return this.received - this.#terms.redeemed;
  }

  /** The last tau at which the best voucher is redeemed; undefined while nothing presses. */
  get redeemBy(): bigint | undefined {
    const ends = [this.#terms.endsTau, this.#best?.expiresTau ?? 0n].filter((end) => end !== 0n);
    return this.redeemable === 0n || ends.length === 0 ? undefined : ends.reduce((a, b) => (a < b ? a : b));
  }

  /** What the chain says now, after a top-up, a redemption or the begin of a closing. */
  update(terms: ChannelTerms): void {
    sameChannel(this.#terms, terms);
    this.#terms = terms;
  }

  /** How much more than before the voucher pays; it is stored by then. `tau` is the present protocol time. Rejects with a VoucherError, and then nothing was paid. */
  accept(voucher: Voucher, { tau }: { readonly tau: bigint }): Promise<bigint> {
    return this.#turns.take(async () => {
      const { store, curve = portableCurve } = this.#options;
      this.#check(voucher, tau);
      if (!verifyVoucher(voucher, this.#terms.voucherKey, curve)) throw new VoucherError("signature", `the voucher is not signed by channel ${this.#terms.channelId}'s voucher key`);
      const more = BigInt(voucher.cumulativeAmount) - this.received;
      await store.save(Voucher.encode(voucher).finish());
      this.#best = voucher;
      return more;
    });
  }

  #check(voucher: Voucher, tau: bigint): void {
    const { deposited, endsTau, channelId } = this.#terms;
    checkPlace(voucher, this.#terms);
    if (!/^[1-9]\d{0,77}$/.test(voucher.cumulativeAmount) || BigInt(voucher.cumulativeAmount) <= this.received) {
      throw new VoucherError("amount", `the voucher pays ${voucher.cumulativeAmount.slice(0, 80)} in all, ${this.received} was received before`);
    }
    if (BigInt(voucher.cumulativeAmount) > deposited) throw new VoucherError("deposit", `the voucher pays ${voucher.cumulativeAmount} in all, ${deposited} is deposited: the payer must top up first`);
    const { marginMs = 600_000n } = this.#options;
    if (endsTau !== 0n && endsTau < tau + marginMs) throw new VoucherError("ending", `channel ${channelId} ends after tau ${endsTau}, it is ${tau}: too late for another payment`);
    if (voucher.expiresTau !== 0n && voucher.expiresTau < tau + marginMs) throw new VoucherError("expiry", `the voucher counts up to tau ${voucher.expiresTau}, it is ${tau}: too short to redeem it`);
  }
}
