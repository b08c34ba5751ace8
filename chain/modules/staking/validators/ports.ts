/** What other modules may ask of validators and delegations, and what they are told. Operators, delegators and consensus addresses are raw bytes. */
import type { Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Dec } from "../../../math/dec.ts";
import type { Context } from "../../../runtime/context.ts";

/** Who is a validator, and which one signs blocks under an address. */
export interface OperatorsPort {
  /** The operator's raw bytes; undefined where no validator has this 20-byte consensus address. */
  byConsensusAddress(ctx: Context, address: Uint8Array): Uint8Array | undefined;
  /** Whether this operator has a validator, in the set or not. */
  isValidator(ctx: Context, operator: Uint8Array): boolean;
}

export interface DelegationView {
  readonly delegator: Uint8Array;
  readonly operator: Uint8Array;
  readonly shares: Dec;
}

/** The SDK's staking keeper as the modules around it see it. */
export interface StakingPort extends OperatorsPort {
  bondDenom(ctx: Context): string;
  /** Seconds. */
  unbondingTime(ctx: Context): bigint;
  maxValidators(ctx: Context): number;
  find(ctx: Context, operator: Uint8Array): Validator | undefined;
  delegation(ctx: Context, delegator: Uint8Array, operator: Uint8Array): DelegationView | undefined;
  /** In byte order of operators. */
  delegationsOf(ctx: Context, delegator: Uint8Array): Iterable<DelegationView>;
  /** In byte order of delegators. */
  delegationsTo(ctx: Context, operator: Uint8Array): Iterable<DelegationView>;
  validators(ctx: Context): Iterable<Validator>;
  /** The validators of the last block's set, strongest first. */
  bondedByPower(ctx: Context): Iterable<Validator>;
  /** Tokens in the bonded pool. */
  totalBonded(ctx: Context): bigint;
  /** Supply of the bond denom. */
  tokenSupply(ctx: Context): bigint;
  /**
   * The SDK's Slash: burns `fraction` of what the validator had at `infractionHeight` (power x power reduction) from its unbonding delegations,
   * redelegations and tokens. Returns the tokens burned. An unknown or unbonded validator is left alone (0) as in the SDK.
   */
  slash(ctx: Context, consensus: Uint8Array, infractionHeight: bigint, power: bigint, fraction: Dec): bigint;
  /** Takes the validator out of the set at the end of this block. Fails where it is jailed already. */
  jail(ctx: Context, consensus: Uint8Array): void;
  unjail(ctx: Context, consensus: Uint8Array): void;
}

/** What staking tells the modules that keep books on validators and delegations, in the order of the SDK. Called within the same transaction. */
export interface StakingHooks {
  /** A genesis that a running chain exported was loaded, for which no other hook is called. Throws an Error where what the listener loaded does not match. */
  afterImport?(ctx: Context): void;
  afterValidatorCreated?(ctx: Context, operator: Uint8Array): void;
  beforeValidatorModified?(ctx: Context, operator: Uint8Array): void;
  afterValidatorRemoved?(ctx: Context, consensus: Uint8Array, operator: Uint8Array): void;
  afterValidatorBonded?(ctx: Context, consensus: Uint8Array, operator: Uint8Array): void;
  afterValidatorBeginUnbonding?(ctx: Context, consensus: Uint8Array, operator: Uint8Array): void;
  beforeValidatorSlashed?(ctx: Context, operator: Uint8Array, fraction: Dec): void;
  beforeDelegationCreated?(ctx: Context, delegator: Uint8Array, operator: Uint8Array): void;
  beforeDelegationSharesModified?(ctx: Context, delegator: Uint8Array, operator: Uint8Array): void;
  beforeDelegationRemoved?(ctx: Context, delegator: Uint8Array, operator: Uint8Array): void;
  afterDelegationModified?(ctx: Context, delegator: Uint8Array, operator: Uint8Array): void;
}
