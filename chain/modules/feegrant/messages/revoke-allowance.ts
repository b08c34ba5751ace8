/** MsgRevokeAllowance: the granter ends its grant. */
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { removeGrant } from "../keeper.ts";
import type { MsgRevokeAllowance, MsgRevokeAllowanceResponse } from "../../../codec/gen/cosmos/feegrant/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const revokeAllowance: MessageHandler<MsgRevokeAllowance, MsgRevokeAllowanceResponse> = {
  signers: (message) => [message.granter],

  check({ granter, grantee }) {
    if (granter === grantee) fail(sdkErrors.invalidAddress, "addresses must be different");
    readAddress(grantee, "invalid grantee address");
    readAddress(granter, "invalid granter address");
  },

  execute(ctx, { granter, grantee }) {
    removeGrant(ctx, readAddress(granter, "invalid granter address"), readAddress(grantee, "invalid grantee address"));
    return {};
  },

  arbitrary: ({ accounts, random }) => ({ granter: random.pick(accounts), grantee: random.pick(accounts) }),
};
