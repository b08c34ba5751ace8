/** Accounts as state has them: an Any of the SDK's account types. Base accounts, which every transaction reads and writes, take a short way. */
import { addressBytes } from "../../codec/address.ts";
import { carve, fromUtf8, utf8 } from "../../codec/bytes.ts";
import { BaseAccount, ModuleAccount } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";
import {
  type BaseVestingAccount, ContinuousVestingAccount, DelayedVestingAccount, PeriodicVestingAccount, PermanentLockedAccount,
} from "../../codec/gen/cosmos/vesting/v1beta1/vesting.ts";
import { Any } from "../../codec/gen/google/protobuf/any.ts";
import { pubKeyTypeUrls } from "../../codec/pubkey.ts";
import { fromWire, toWire, type Money } from "../../runtime/coins.ts";
import { AssertionError, assert } from "../../runtime/errors.ts";
import { locked, type Vesting } from "./vesting.ts";
import type { Account } from "./ports.ts";

export type Details =
  | { readonly kind: "base" }
  | { readonly kind: "module"; readonly name: string; readonly permissions: readonly string[] }
  | { readonly kind: "vesting"; readonly vesting: Vesting };

const nothing: readonly Money[] = [];
export const baseDetails: Details = { kind: "base" };

/** One account; immutable. */
export class StoredAccount implements Account {
  readonly accountNumber: bigint;
  readonly sequence: bigint;
  readonly details: Details;
  /** The encoded base account in front of its sequence, where it was read: most writes change the sequence only. */
  readonly head: Uint8Array | undefined;
  #pubKey: Any | Uint8Array | undefined;
  #text: string | undefined;
  #textBytes: Uint8Array | undefined;
  #address: Uint8Array | undefined;

  /** `text` is the bech32 address, or its bytes, which are read when they are wanted; so is a public key given as the bytes of its Any. */
  constructor(text: string | Uint8Array, pubKey: Any | Uint8Array | undefined, accountNumber: bigint, sequence: bigint, details: Details, head?: Uint8Array) {
    if (typeof text === "string") this.#text = text;
    else this.#textBytes = text;
    this.#pubKey = pubKey;
    this.accountNumber = accountNumber;
    this.sequence = sequence;
    this.details = details;
    this.head = head;
  }

  get pubKey(): Any | undefined {
    if (this.#pubKey instanceof Uint8Array) this.#pubKey = decodeKey(this.#pubKey);
    return this.#pubKey;
  }

  get addressText(): string {
    return (this.#text ??= fromUtf8(this.#textBytes!));
  }

  get address(): Uint8Array {
    return (this.#address ??= addressBytes(this.addressText));
  }

  /** Tells the account the address that it was found under. */
  foundAt(address: Uint8Array): this {
    this.#address = address;
    return this;
  }

  get moduleName(): string | undefined {
    return this.details.kind === "module" ? this.details.name : undefined;
  }

  lockedAt(timeSeconds: bigint): readonly Money[] {
    return this.details.kind === "vesting" ? locked(this.details.vesting, timeSeconds) : nothing;
  }

  with(change: { readonly sequence?: bigint; readonly pubKey?: Any; readonly accountNumber?: bigint; readonly details?: Details }): StoredAccount {
    const head = change.pubKey === undefined && change.accountNumber === undefined && change.details === undefined ? this.head : undefined;
    const next = new StoredAccount(
      this.#text ?? this.#textBytes!, change.pubKey ?? this.#pubKey, change.accountNumber ?? this.accountNumber, change.sequence ?? this.sequence, change.details ?? this.details, head,
    );
    next.#address = this.#address;
    return next;
  }
}

export const typeUrls = {
  base: "/cosmos.auth.v1beta1.BaseAccount",
  module: "/cosmos.auth.v1beta1.ModuleAccount",
  continuous: "/cosmos.vesting.v1beta1.ContinuousVestingAccount",
  delayed: "/cosmos.vesting.v1beta1.DelayedVestingAccount",
  periodic: "/cosmos.vesting.v1beta1.PeriodicVestingAccount",
  permanent: "/cosmos.vesting.v1beta1.PermanentLockedAccount",
} as const;

/** Throws where the Any is none of the account types. */
export function accountOfAny({ typeUrl, value }: Any): StoredAccount {
  switch (typeUrl) {
    case typeUrls.base:
      return fromBase(BaseAccount.decode(value), baseDetails);
    case typeUrls.module: {
      const { baseAccount, name, permissions } = ModuleAccount.decode(value);
      return fromBase(baseAccount, { kind: "module", name, permissions });
    }
    case typeUrls.continuous: {
      const { baseVestingAccount, startTime } = ContinuousVestingAccount.decode(value);
      return fromVesting("continuous", baseVestingAccount, startTime);
    }
    case typeUrls.delayed:
      return fromVesting("delayed", DelayedVestingAccount.decode(value).baseVestingAccount);
    case typeUrls.periodic: {
      const { baseVestingAccount, startTime, vestingPeriods } = PeriodicVestingAccount.decode(value);
      return fromVesting("periodic", baseVestingAccount, startTime, vestingPeriods.map(({ length, amount }) => ({ length, amount: fromWire(amount) })));
    }
    case typeUrls.permanent:
      return fromVesting("permanent", PermanentLockedAccount.decode(value).baseVestingAccount);
    default:
      throw new AssertionError(`unknown account type ${typeUrl.slice(0, 200)}`);
  }
}

export function anyOfAccount(account: StoredAccount): Any {
  const base = toBase(account);
  const { details } = account;
  switch (details.kind) {
    case "base":
      return { typeUrl: typeUrls.base, value: BaseAccount.encode(base).finish() };
    case "module":
      return { typeUrl: typeUrls.module, value: ModuleAccount.encode({ baseAccount: base, name: details.name, permissions: [...details.permissions] }).finish() };
    case "vesting":
      return { typeUrl: typeUrls[details.vesting.kind], value: vestingBytes(base, details.vesting) };
  }
}

export function toBase({ addressText, pubKey, accountNumber, sequence }: StoredAccount): BaseAccount {
  return { address: addressText, pubKey, accountNumber, sequence };
}

function fromBase(base: BaseAccount | undefined, details: Details): StoredAccount {
  assert(base !== undefined, "an account without its base");
  return new StoredAccount(base.address, base.pubKey, base.accountNumber, base.sequence, details);
}

function fromVesting(kind: Vesting["kind"], base: BaseVestingAccount | undefined, startTime = 0n, periods: Vesting["periods"] = []): StoredAccount {
  assert(base !== undefined, "a vesting account without its base");
  return fromBase(base.baseAccount, {
    kind: "vesting",
    vesting: {
      kind, startTime, periods,
      originalVesting: fromWire(base.originalVesting),
      delegatedFree: fromWire(base.delegatedFree),
      delegatedVesting: fromWire(base.delegatedVesting),
      endTime: base.endTime,
    },
  });
}

function vestingBytes(baseAccount: BaseAccount, v: Vesting): Uint8Array {
  const baseVestingAccount: BaseVestingAccount = {
    baseAccount,
    originalVesting: toWire(v.originalVesting),
    delegatedFree: toWire(v.delegatedFree),
    delegatedVesting: toWire(v.delegatedVesting),
    endTime: v.endTime,
  };
  switch (v.kind) {
    case "continuous":
      return ContinuousVestingAccount.encode({ baseVestingAccount, startTime: v.startTime }).finish();
    case "delayed":
      return DelayedVestingAccount.encode({ baseVestingAccount }).finish();
    case "periodic":
      return PeriodicVestingAccount.encode({ baseVestingAccount, startTime: v.startTime, vestingPeriods: v.periods.map(({ length, amount }) => ({ length, amount: toWire(amount) })) }).finish();
    case "permanent":
      return PermanentLockedAccount.encode({ baseVestingAccount }).finish();
  }
}

const baseUrl = utf8(typeUrls.base);
const moduleUrl = utf8(typeUrls.module);

/** In front of the 35 bytes of nearly every account's key. */
const keyHead = Any.encode({ typeUrl: pubKeyTypeUrls.secp256k1, value: new Uint8Array(35) }).finish().subarray(0, -35);

function decodeKey(bytes: Uint8Array): Any {
  if (bytes.length !== keyHead.length + 35) return Any.decode(bytes);
  for (let i = 0; i < keyHead.length; i++) if (bytes[i] !== keyHead[i]) return Any.decode(bytes);
  return { typeUrl: pubKeyTypeUrls.secp256k1, value: bytes.subarray(keyHead.length) };
}

/** True where the stored bytes are a base account, by looking at their type only. */
export const isBase = (bytes: Uint8Array): boolean => isOfType(bytes, baseUrl);

/** False where the stored bytes are a base or module account, by looking at their type only: those spend all that they have. */
export const mayVest = (bytes: Uint8Array): boolean => !isBase(bytes) && !isOfType(bytes, moduleUrl);

function isOfType(bytes: Uint8Array, url: Uint8Array): boolean {
  if (bytes.length < url.length + 2 || bytes[0] !== 0x0a || bytes[1] !== url.length) return false;
  for (let i = 0; i < url.length; i++) if (bytes[i + 2] !== url[i]) return false;
  return true;
}

export function encodeAccount(account: StoredAccount): Uint8Array {
  return account.head === undefined ? Any.encode(anyOfAccount(account)).finish() : encodeBase(account.head, account.sequence);
}

export function decodeAccount(bytes: Uint8Array): StoredAccount {
  return (isBase(bytes) ? decodeBase(bytes) : undefined) ?? accountOfAny(Any.decode(bytes));
}

const tags = { address: 0x0a, pubKey: 0x12, accountNumber: 0x18, sequence: 0x20, url: 0x0a, value: 0x12 } as const;
const largestFastNumber = 0x1fffffffffffffn;

function varintLength(value: number): number {
  let length = 1;
  for (; value > 0x7f; value = Math.floor(value / 128)) length++;
  return length;
}

function writeVarint(out: Uint8Array, at: number, value: number): number {
  for (; value > 0x7f; value = Math.floor(value / 128)) out[at++] = (value % 128) | 0x80;
  out[at++] = value;
  return at;
}

/** The Any of a base account whose fields in front of the sequence are encoded already. */
function encodeBase(head: Uint8Array, sequence: bigint): Uint8Array {
  assert(sequence <= largestFastNumber, "a sequence beyond 2^53");
  const number = Number(sequence);
  const length = head.length + (number === 0 ? 0 : 1 + varintLength(number));
  const out = carve(2 + baseUrl.length + 1 + varintLength(length) + length);
  out[0] = tags.url;
  out[1] = baseUrl.length;
  out.set(baseUrl, 2);
  let at = 2 + baseUrl.length;
  out[at++] = tags.value;
  at = writeVarint(out, at, length);
  out.set(head, at);
  if (number === 0) return out;
  out[at + head.length] = tags.sequence;
  writeVarint(out, at + head.length + 1, number);
  return out;
}

/**
 * The stored bytes of a base account moved on from this sequence, as most transactions do and nothing else: equal to what decoding, `with`
 * and encoding give. Undefined where they are of another kind, at another sequence, or need the general way.
 */
export function afterSequence(bytes: Uint8Array, sequence: bigint): Uint8Array | undefined {
  if (!isBase(bytes) || sequence >= largestFastNumber) return undefined;
  const end = bytes.length;
  // Behind the URL: the tag of the value, its length, then its fields.
  let at = 2 + baseUrl.length + 1;
  while (bytes[at]! >= 0x80) at++;
  at++;
  for (let tag = bytes[at]; tag !== tags.sequence; tag = bytes[at]) {
    at++;
    if (tag === tags.accountNumber) {
      while (bytes[at]! >= 0x80) at++;
      at++;
    } else if ((tag === tags.address || tag === tags.pubKey) && bytes[at]! < 0x80) {
      at += 1 + bytes[at]!;
    } else {
      return undefined;
    }
  }
  const from = ++at;
  let value = 0;
  for (let scale = 1; at < end; scale *= 128) value += (bytes[at++]! & 0x7f) * scale;
  const next = Number(sequence) + 1;
  if (value !== next - 1 || varintLength(next) !== end - from) return undefined;
  const out = carve(end);
  out.set(bytes);
  writeVarint(out, from, next);
  return out;
}

/** Reads varints and fields of bytes one after the other; `broken` where they do not fit. */
class Fields {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;
  broken = false;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
    if (end > bytes.length) this.broken = true;
  }
  get more(): boolean {
    return !this.broken && this.at < this.#end;
  }
  varint(): number {
    let value = 0;
    for (let scale = 1; this.at < this.#end && scale < 2 ** 49; scale *= 128) {
      const byte = this.#bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.broken = true;
    return 0;
  }
  /** A view of the next field's content. */
  content(): Uint8Array {
    const length = this.varint();
    const begin = this.at;
    this.at += length;
    if (this.at > this.#end) this.broken = true;
    return this.#bytes.subarray(begin, this.at);
  }
}

/** A stored base account; undefined where its numbers or fields need the general decoder. */
function decodeBase(bytes: Uint8Array): StoredAccount | undefined {
  const outer = new Fields(bytes, 2 + baseUrl.length, bytes.length);
  if (outer.varint() !== tags.value) return undefined;
  const length = outer.varint();
  const begin = outer.at;
  const fields = new Fields(bytes, begin, begin + length);
  let address: Uint8Array | undefined;
  let pubKey: Uint8Array | undefined;
  let accountNumber = 0;
  let sequence = 0;
  let headEnd = begin + length;
  while (fields.more) {
    const tagAt = fields.at;
    switch (fields.varint()) {
      case tags.address:
        address = fields.content();
        break;
      case tags.pubKey:
        pubKey = fields.content();
        break;
      case tags.accountNumber:
        accountNumber = fields.varint();
        break;
      case tags.sequence:
        headEnd = tagAt;
        sequence = fields.varint();
        if (fields.more) return undefined;
        break;
      default:
        return undefined;
    }
  }
  if (outer.broken || fields.broken || address === undefined) return undefined;
  return new StoredAccount(address, pubKey, BigInt(accountNumber), BigInt(sequence), baseDetails, bytes.subarray(begin, headEnd));
}
