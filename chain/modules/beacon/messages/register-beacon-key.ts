/** MsgRegisterBeaconKey: a validator's first beacon key, or its next one. */
import type { MsgRegisterBeaconKey, MsgRegisterBeaconKeyResponse } from "../../../codec/gen/dcm/beacon/v1/tx.ts";
import { addressText, addressBytes, prefixes } from "../../../codec/address.ts";
import { blsKeygen, blsProvePossession, blsPublicKeyLength, blsSignatureLength, blsVerifyPossession, isBlsPublicKey } from "../../../codec/bls.ts";
import { equalBytes, toHex } from "../../../codec/bytes.ts";
import { fail } from "../../../runtime/errors.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import { operatorBytes } from "../addresses.ts";
import { errors } from "../errors.ts";
import { withKey } from "../keys.ts";
import type { ValidatorsPort } from "../ports.ts";
import { possessionContext } from "../seeds.ts";
import { keys, latest, params } from "../state.ts";

/**
 * Two pairings and two subgroup checks: 1.2 to 1.5 ms, in which a block executes 400,000 gas of transfers. Priced by the SDK's 1,000 of a secp256k1 verification, a block
 * full of registrations would take ten times as long as one full of transfers.
 */
export const blsVerifyGas = 400_000;

export function registerBeaconKey(validators: ValidatorsPort): MessageHandler<MsgRegisterBeaconKey, MsgRegisterBeaconKeyResponse> {
  return {
    signers: (message) => [addressText(operatorBytes(message.validatorAddress))],

    check(message) {
      operatorBytes(message.validatorAddress);
      if (message.publicKey.length !== blsPublicKeyLength) fail(errors.badKey);
      if (message.proofOfPossession.length !== blsSignatureLength) fail(errors.badProof);
    },

    execute(ctx, message) {
      const operator = operatorBytes(message.validatorAddress);
      // So there are no more keys than validators, whatever anybody pays.
      if (!validators.isValidator(ctx, operator)) fail(errors.notValidator, { operator: message.validatorAddress });
      const known = keys.find(ctx, operator);
      const newest = known === undefined ? undefined : known.nextPublicKey.length > 0 ? known.nextPublicKey : known.publicKey;
      if (newest !== undefined && equalBytes(newest, message.publicKey)) fail(errors.sameKey);
      ctx.gas.consume(blsVerifyGas, "BLS verification");
      if (!isBlsPublicKey(message.publicKey)) fail(errors.badKey);
      if (!blsVerifyPossession(message.publicKey, possessionContext(ctx.header.chainId, operator), message.proofOfPossession)) fail(errors.badProof);
      // At once, the proposer of the block before could try keys until the next seed pleases it. In genesis there is no seed to aim at yet.
      const delay = ctx.mode === "genesis" ? 1n : params.get(ctx).keyActivationDelayBlocks;
      const activeHeight = ctx.height + delay;
      const record = known ?? { validatorAddress: message.validatorAddress, publicKey: new Uint8Array(0), nextPublicKey: new Uint8Array(0), nextActiveHeight: 0n };
      keys.set(ctx, operator, withKey(record, message.publicKey, ctx.height, activeHeight));
      ctx.emit("dcm.beacon.v1.EventBeaconKeyRegistered", {
        validator_address: message.validatorAddress, public_key: toHex(message.publicKey), active_height: String(activeHeight),
      });
      return { activeHeight };
    },

    arbitrary({ ctx, accounts, random }) {
      if (accounts.length === 0 || latest.find(ctx) === undefined) return undefined;
      const operator = addressBytes(random.pick(accounts));
      const pair = blsKeygen(Uint8Array.from({ length: 32 }, () => random.int(256)));
      const context = possessionContext(random.chance(90) ? ctx.header.chainId : "another-chain", operator);
      return { validatorAddress: addressText(operator, prefixes.validator), publicKey: pair.publicKey, proofOfPossession: blsProvePossession(pair.secretKey, context) };
    },
  };
}
