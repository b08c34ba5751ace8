/** Which key of a validator counts at which height. */
import type { BeaconKey } from "../../codec/gen/dcm/beacon/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { ValidatorsPort } from "./ports.ts";
import { keys } from "./state.ts";

/** The key in use at `height`, 48 bytes; undefined where the first one still waits. */
export function keyAt(record: BeaconKey, height: bigint): Uint8Array | undefined {
  if (record.nextPublicKey.length > 0 && record.nextActiveHeight <= height) return record.nextPublicKey;
  return record.publicKey.length > 0 ? record.publicKey : undefined;
}

/** The record after `publicKey` was registered at `height`, to be used from `activeHeight` on. A key that was still waiting is forgotten. */
export function withKey(record: BeaconKey, publicKey: Uint8Array, height: bigint, activeHeight: bigint): BeaconKey {
  if (activeHeight <= height + 1n) return { validatorAddress: record.validatorAddress, publicKey, nextPublicKey: new Uint8Array(0), nextActiveHeight: 0n };
  const present = keyAt(record, height) ?? new Uint8Array(0);
  return { validatorAddress: record.validatorAddress, publicKey: present, nextPublicKey: publicKey, nextActiveHeight: activeHeight };
}

/** The block's proposer with its active beacon key; undefined where it has none, or is no known validator. */
export function proposerKey(ctx: Context, validators: ValidatorsPort): { readonly operator: string; readonly key: Uint8Array } | undefined {
  if (ctx.header.proposer.length === 0) return undefined;
  const address = validators.byConsensusAddress(ctx, ctx.header.proposer);
  const record = address === undefined ? undefined : keys.find(ctx, address);
  const key = record === undefined ? undefined : keyAt(record, ctx.height);
  return key === undefined ? undefined : { operator: record!.validatorAddress, key };
}
