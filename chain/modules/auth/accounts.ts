/** Accounts as state has them: an Any of the SDK's account types. Base accounts, which every transaction reads and writes, take a short way. */
import { addressBytes } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { BaseAccount, ModuleAccount } from "../../codec/gen/cosmos/auth/v1beta1/auth.ts";
import {
  type BaseVestingAccount, ContinuousVestingAccount, DelayedVestingAccount, PeriodicVestingAccount, PermanentLockedAccount,
} from "../../codec/gen/cosmos/vesting/v1beta1/vesting.ts";
import { Any } from "../../codec/gen/google/protobuf/any.ts";
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
  readonly addressText: string;
  readonly pubKey: Any | undefined;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
  readonly details: Details;

  constructor(addressText: string, pubKey: Any | undefined, accountNumber: bigint, sequence: bigint, details: Details) {
    this.addressText = addressText;
    this.pubKey = pubKey;
    this.accountNumber = accountNumber;
    this.sequence = sequence;
    this.details = details;
  }

  get address(): Uint8Array {
    return addressBytes(this.addressText);
  }

  get moduleName(): string | undefined {
    return this.details.kind === "module" ? this.details.name : undefined;
  }

  lockedAt(timeSeconds: bigint): readonly Money[] {
    return this.details.kind === "vesting" ? locked(this.details.vesting, timeSeconds) : nothing;
  }

  with(change: { readonly sequence?: bigint; readonly pubKey?: Any; readonly accountNumber?: bigint; readonly details?: Details }): StoredAccount {
    return new StoredAccount(
      this.addressText, change.pubKey ?? this.pubKey, change.accountNumber ?? this.accountNumber, change.sequence ?? this.sequence, change.details ?? this.details,
    );
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

/** True where the stored bytes are a base account, by looking at their type only. */
export function isBase(bytes: Uint8Array): boolean {
  if (bytes.length < baseUrl.length + 2 || bytes[0] !== 0x0a || bytes[1] !== baseUrl.length) return false;
  for (let i = 0; i < baseUrl.length; i++) if (bytes[i + 2] !== baseUrl[i]) return false;
  return true;
}

export function encodeAccount(account: StoredAccount): Uint8Array {
  return Any.encode(anyOfAccount(account)).finish();
}

export function decodeAccount(bytes: Uint8Array): StoredAccount {
  return accountOfAny(Any.decode(bytes));
}
