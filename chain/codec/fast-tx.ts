/**
 * The common transaction, read in a straight line: bank sends in ASCII, signed by single secp256k1 keys. The canonical form fixes the order of the
 * fields, so each function asks for one field after the other. Whatever else comes (or is wrong) gives undefined, and the general decoder
 * decides; what is accepted here, it accepts with the same result, which a differential test holds.
 */
import type { MsgSend } from "./gen/cosmos/bank/v1beta1/tx.ts";
import type { Coin } from "./gen/cosmos/base/v1beta1/coin.ts";
import type { SignMode } from "./gen/cosmos/tx/signing/v1beta1/signing.ts";
import type { AuthInfo, Fee, ModeInfo, SignerInfo, TxBody } from "./gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "./gen/google/protobuf/any.ts";

export const fastMessageUrl = "/cosmos.bank.v1beta1.MsgSend";
export const fastKeyUrl = "/cosmos.crypto.secp256k1.PubKey";

/** Transactions up to this size cannot hold more elements than any sensible limit. */
export const maxFastLength = 2048;
/** The deepest nesting here: AuthInfo, SignerInfo, Any, PubKey; TxBody, Any, MsgSend, Coin. */
export const fastDepth = 4;

export interface FastTx {
  readonly bodyBytes: Uint8Array;
  readonly authInfoBytes: Uint8Array;
  readonly signatures: Uint8Array[];
  readonly body: TxBody;
  readonly authInfo: AuthInfo;
  readonly sends: MsgSend[];
}

/** Thrown, and caught in this file, where the general decoder must look. Made once: a stack trace would cost more than the decoding. */
const unusual = new Error("unusual transaction");

class Cursor {
  readonly bytes: Uint8Array;
  readonly text: Buffer;
  pos = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** True, and past it, where this one-byte tag stands here. */
  tag(tag: number, end: number): boolean {
    if (this.pos >= end || this.bytes[this.pos] !== tag) return false;
    this.pos++;
    return true;
  }

  /** A shortest varint of at most 49 bits. */
  varint(end: number): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 7; i++) {
      if (this.pos >= end) throw unusual;
      const byte = this.bytes[this.pos++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw unusual;
        return value;
      }
      factor *= 0x80;
    }
    throw unusual;
  }

  /** The end of a value whose length stands here. */
  stop(end: number): number {
    const stop = this.varint(end) + this.pos;
    if (stop > end) throw unusual;
    return stop;
  }

  view(stop: number): Uint8Array {
    const view = this.bytes.subarray(this.pos, stop);
    this.pos = stop;
    return view;
  }

  bytesField(tag: number, end: number): Uint8Array {
    if (!this.tag(tag, end)) throw unusual;
    const stop = this.stop(end);
    if (stop === this.pos) throw unusual;
    return this.view(stop);
  }

  /** ASCII text; empty where the field is absent. */
  textField(tag: number, end: number): string {
    if (!this.tag(tag, end)) return "";
    const stop = this.stop(end);
    const from = this.pos;
    if (stop === from) throw unusual;
    for (let i = from; i < stop; i++) if (this.bytes[i]! >= 0x80) throw unusual;
    this.pos = stop;
    return this.text.toString("latin1", from, stop);
  }

  /** Zero where the field is absent. */
  numberField(tag: number, end: number): bigint {
    if (!this.tag(tag, end)) return 0n;
    const value = this.varint(end);
    if (value === 0) throw unusual;
    return BigInt(value);
  }

  /** Nothing may be left. */
  finish(end: number): void {
    if (this.pos !== end) throw unusual;
  }
}

/** No longer than any 256-bit integer. */
const ordinaryAmount = /^(?:0|[1-9]\d{0,75})?$/;

function coins(c: Cursor, tag: number, end: number): Coin[] {
  const out: Coin[] = [];
  while (c.tag(tag, end)) {
    const stop = c.stop(end);
    const coin = { denom: c.textField(0x0a, stop), amount: c.textField(0x12, stop) };
    c.finish(stop);
    if (!ordinaryAmount.test(coin.amount)) throw unusual;
    out.push(coin);
  }
  return out;
}

function send(c: Cursor, end: number): MsgSend {
  const message = { fromAddress: c.textField(0x0a, end), toAddress: c.textField(0x12, end), amount: coins(c, 0x1a, end) };
  c.finish(end);
  return message;
}

function body(c: Cursor, end: number, sends: MsgSend[]): TxBody {
  const messages: Any[] = [];
  while (c.tag(0x0a, end)) {
    const stop = c.stop(end);
    if (c.textField(0x0a, stop) !== fastMessageUrl) throw unusual;
    const value = c.bytesField(0x12, stop);
    c.finish(stop);
    c.pos -= value.length;
    sends.push(send(c, stop));
    messages.push({ typeUrl: fastMessageUrl, value });
  }
  const memo = c.textField(0x12, end);
  const timeoutHeight = c.numberField(0x18, end);
  c.finish(end);
  return { messages, memo, timeoutHeight, unordered: false, timeoutTimestamp: undefined, extensionOptions: [], nonCriticalExtensionOptions: [] };
}

function publicKey(c: Cursor, end: number): Any {
  const stop = c.stop(end);
  if (c.textField(0x0a, stop) !== fastKeyUrl) throw unusual;
  const value = c.bytesField(0x12, stop);
  c.finish(stop);
  // PubKey: field 1, 33 bytes.
  if (value.length !== 35 || value[0] !== 0x0a || value[1] !== 33) throw unusual;
  return { typeUrl: fastKeyUrl, value };
}

/** A single mode: direct (1) or amino JSON (127). */
function modeInfo(c: Cursor, end: number): ModeInfo {
  const stop = c.stop(end);
  if (stop - c.pos !== 4 || c.bytes[c.pos] !== 0x0a || c.bytes[c.pos + 1] !== 2 || c.bytes[c.pos + 2] !== 0x08) throw unusual;
  const mode = c.bytes[c.pos + 3]!;
  if (mode !== 1 && mode !== 127) throw unusual;
  c.pos = stop;
  return { single: { mode: mode satisfies SignMode }, multi: undefined };
}

function signerInfo(c: Cursor, end: number): SignerInfo {
  const key = c.tag(0x0a, end) ? publicKey(c, end) : undefined;
  if (!c.tag(0x12, end)) throw unusual;
  const info = { publicKey: key, modeInfo: modeInfo(c, end), sequence: c.numberField(0x18, end) };
  c.finish(end);
  return info;
}

function authInfo(c: Cursor, end: number): AuthInfo {
  const signerInfos: SignerInfo[] = [];
  while (c.tag(0x0a, end)) signerInfos.push(signerInfo(c, c.stop(end)));
  if (!c.tag(0x12, end)) throw unusual;
  const stop = c.stop(end);
  const fee: Fee = { amount: coins(c, 0x0a, stop), gasLimit: c.numberField(0x10, stop), payer: c.textField(0x1a, stop), granter: c.textField(0x22, stop) };
  c.finish(stop);
  c.finish(end);
  return { signerInfos, fee, tip: undefined };
}

/** The transaction, or undefined where the general decoder must look at it. */
export function decodeFast(bytes: Uint8Array): FastTx | undefined {
  if (bytes.length > maxFastLength) return undefined;
  const c = new Cursor(bytes);
  const end = bytes.length;
  try {
    const bodyBytes = c.bytesField(0x0a, end);
    const authInfoBytes = c.bytesField(0x12, end);
    const signatures: Uint8Array[] = [];
    while (c.tag(0x1a, end)) signatures.push(c.view(c.stop(end)));
    c.finish(end);
    const sends: MsgSend[] = [];
    c.pos = bodyBytes.byteOffset - bytes.byteOffset;
    const txBody = body(c, c.pos + bodyBytes.length, sends);
    c.pos = authInfoBytes.byteOffset - bytes.byteOffset;
    return { bodyBytes, authInfoBytes, signatures, body: txBody, authInfo: authInfo(c, c.pos + authInfoBytes.length), sends };
  } catch (error) {
    if (error === unusual) return undefined;
    throw error;
  }
}
