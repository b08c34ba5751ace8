/** MsgDeposit: coins towards the least deposit, which opens the vote. */
import type { MsgDeposit, MsgDepositResponse } from "../../../codec/gen/cosmos/gov/v1/tx.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { arbitraryDeposit } from "../arbitrary.ts";
import { addDeposit, readDeposit } from "../deposits.ts";
import type { GovernancePorts } from "../keeper.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export function deposit(ports: GovernancePorts): MessageHandler<MsgDeposit, MsgDepositResponse> {
  return {
    signers: (message) => [message.depositor],
    check: checkDeposit,
    execute(ctx, message) {
      run(ports, ctx, message);
      return {};
    },
    arbitrary: arbitraryDeposit,
  };
}

export function checkDeposit({ depositor, amount }: Pick<MsgDeposit, "depositor" | "amount">): void {
  readAddress(depositor, "invalid depositor address");
  readDeposit(amount, 1);
}

export function run(ports: GovernancePorts, ctx: Context, { proposalId, depositor, amount }: MsgDeposit): void {
  const address = readAddress(depositor, "invalid depositor address");
  if (addDeposit(ports, ctx, proposalId, address, readDeposit(amount, 1))) ctx.emit("proposal_deposit", [["voting_period_start", proposalId.toString()]]);
}
