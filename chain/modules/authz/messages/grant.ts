/** MsgGrant: the granter lets the grantee send one type of message in its name. */
import { StakeAuthorization, type AuthorizationType } from "../../../codec/gen/cosmos/staking/v1beta1/authz.ts";
import { GenericAuthorization } from "../../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { addressText } from "../../../codec/address.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { checkAuthorization, coveredMessage, readAuthorization } from "../authorization.ts";
import { errors } from "../errors.ts";
import { saveGrant } from "../keeper.ts";
import type { MsgGrant, MsgGrantResponse } from "../../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { AuthzPorts } from "../module.ts";

export function grant({ accounts, bank, messages }: AuthzPorts): MessageHandler<MsgGrant, MsgGrantResponse> {
  return {
    signers: (message) => [message.granter],

    check({ granter, grantee, grant: given }) {
      if (granter.toLowerCase() === grantee.toLowerCase()) fail(errors.granteeIsGranter);
      readAddress(grantee, "invalid grantee address");
      readAddress(granter, "invalid granter address");
      checkAuthorization(readAuthorization(given?.authorization));
    },

    execute(ctx, { granter, grantee, grant: given }) {
      const from = readAddress(granter, "invalid granter address");
      const to = readAddress(grantee, "invalid grantee address");
      if (!accounts.has(ctx, to)) {
        if (bank.isBlocked(to)) fail(sdkErrors.unauthorized, `${addressText(to)} is not allowed to receive funds`);
        accounts.ensure(ctx, to);
      }
      const covered = coveredMessage(readAuthorization(given?.authorization));
      if (messages.message(covered) === undefined) fail(sdkErrors.invalidType, `${covered.slice(0, 200)} doesn't exist.`);
      saveGrant(ctx, from, to, covered, given!);
      return {};
    },

    arbitrary({ ctx, accounts: known, random }) {
      const value = GenericAuthorization.encode({ msg: random.pick(["/cosmos.bank.v1beta1.MsgSend", "/cosmos.authz.v1beta1.MsgExec"]) }).finish();
      const expiration = random.chance(50) ? { seconds: ctx.timeSeconds + random.bigint(1000n), nanos: 0 } : undefined;
      const stake = StakeAuthorization.encode(StakeAuthorization.fromPartial({ authorizationType: 1 + random.int(4) as AuthorizationType, ...(random.chance(50) ? { maxTokens: { denom: "udcm", amount: String(random.int(3_000_000)) } } : {}) })).finish();
      const authorization = random.chance(60) ? { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value } : { typeUrl: "/cosmos.staking.v1beta1.StakeAuthorization", value: stake };
      return { granter: random.pick(known), grantee: random.pick(known), grant: { authorization, expiration } };
    },
  };
}
