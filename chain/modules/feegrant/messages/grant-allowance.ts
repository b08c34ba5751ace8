/** MsgGrantAllowance: the granter lets the grantee pay fees from the granter's account. */
import { BasicAllowance } from "../../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { checkAllowance, readAllowance } from "../allowance.ts";
import { addGrant, type FeegrantPorts } from "../keeper.ts";
import type { MsgGrantAllowance, MsgGrantAllowanceResponse } from "../../../codec/gen/cosmos/feegrant/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function grantAllowance(ports: FeegrantPorts): MessageHandler<MsgGrantAllowance, MsgGrantAllowanceResponse> {
  return {
    signers: (message) => [message.granter],

    check({ granter, grantee, allowance }) {
      if (granter.toLowerCase() === grantee.toLowerCase()) fail(sdkErrors.invalidAddress, "cannot self-grant fee authorization");
      readAddress(grantee, "invalid grantee address");
      readAddress(granter, "invalid granter address");
      checkAllowance(readAllowance(allowance));
    },

    execute(ctx, { granter, grantee, allowance }) {
      addGrant(ctx, readAddress(granter, "invalid granter address"), readAddress(grantee, "invalid grantee address"), allowance!, ports);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const expiration = random.chance(50) ? { seconds: ctx.timeSeconds + random.bigint(1000n), nanos: 0 } : undefined;
      const value = BasicAllowance.encode({ spendLimit: [{ denom: "stake", amount: (1n + random.bigint(10_000n)).toString() }], expiration }).finish();
      return { granter: random.pick(accounts), grantee: random.pick(accounts), allowance: { typeUrl: "/cosmos.feegrant.v1beta1.BasicAllowance", value } };
    },
  };
}
