/** MsgRevoke: the granter ends a grant. */
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { deleteGrant } from "../keeper.ts";
import type { MsgRevoke, MsgRevokeResponse } from "../../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const revoke: MessageHandler<MsgRevoke, MsgRevokeResponse> = {
  signers: (message) => [message.granter],

  check({ granter, grantee, msgTypeUrl }) {
    if (granter.toLowerCase() === grantee.toLowerCase()) fail(errors.granteeIsGranter);
    readAddress(grantee, "invalid grantee address");
    readAddress(granter, "invalid granter address");
    if (msgTypeUrl === "") fail(sdkErrors.invalidRequest, "missing msg method name");
  },

  execute(ctx, { granter, grantee, msgTypeUrl }) {
    deleteGrant(ctx, readAddress(granter, "invalid granter address"), readAddress(grantee, "invalid grantee address"), msgTypeUrl);
    return {};
  },

  arbitrary: ({ accounts, random }) => ({ granter: random.pick(accounts), grantee: random.pick(accounts), msgTypeUrl: "/cosmos.bank.v1beta1.MsgSend" }),
};
