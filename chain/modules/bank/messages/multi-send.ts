/** MsgMultiSend: coins from the signer to several accounts. */
import { readAddress } from "../../../runtime/addresses.ts";
import { sameCoins, type Money } from "../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { arbitraryCoins } from "../arbitrary.ts";
import { errors } from "../errors.ts";
import { sentCoins } from "./send.ts";
import type { Output } from "../../../codec/gen/cosmos/bank/v1beta1/bank.ts";
import type { MsgMultiSend, MsgMultiSendResponse } from "../../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { BankKeeper } from "../keeper.ts";

export function multiSend(bank: BankKeeper): MessageHandler<MsgMultiSend, MsgMultiSendResponse> {
  return {
    signers: (message) => [...new Set(message.inputs.map((input) => input.address))],

    check: (message) => void parts(message),

    execute(ctx, message) {
      const { input, coins } = parts(message);
      bank.requireSendEnabled(ctx, coins);
      const outputs = message.outputs.map((output) => {
        const address = readAddress(output.address, "invalid output address");
        if (bank.isBlocked(address)) fail(sdkErrors.unauthorized, `${output.address} is not allowed to receive funds`);
        return { to: { address, text: output.address.toLowerCase() }, coins: sentCoins(output.coins) };
      });
      bank.payMany(ctx, { address: readAddress(input, "invalid input address"), text: input.toLowerCase() }, coins, outputs);
      return {};
    },

    arbitrary(world) {
      const address = world.random.pick(world.accounts);
      const coins = arbitraryCoins(world, address);
      return { inputs: [{ address, coins }], outputs: [{ address: world.random.pick(world.accounts), coins }] };
    },
  };
}

/** The single input, checked against the outputs. */
function parts({ inputs, outputs }: MsgMultiSend): { readonly input: string; readonly coins: Money[] } {
  const [input] = inputs;
  if (input === undefined) fail(errors.noInputs);
  if (inputs.length > 1) fail(errors.multipleSenders);
  if (outputs.length === 0) fail(errors.noOutputs);
  readAddress(input.address, "invalid input address");
  const coins = sentCoins(input.coins);
  if (!sameCoins(coins, sumOf(outputs))) fail(errors.inputOutputMismatch);
  return { input: input.address, coins };
}

/** Sorted by denom. Each coin is looked at once: a list that grows with every output would take time with the square of their number. */
function sumOf(outputs: readonly Output[]): Money[] {
  const sums = new Map<string, bigint>();
  for (const output of outputs) {
    readAddress(output.address, "invalid output address");
    for (const { denom, amount } of sentCoins(output.coins)) sums.set(denom, (sums.get(denom) ?? 0n) + amount);
  }
  return Array.from(sums, ([denom, amount]) => ({ denom, amount })).sort((a, b) => (a.denom < b.denom ? -1 : 1));
}
