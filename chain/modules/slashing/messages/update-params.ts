/** MsgUpdateParams: the governance account replaces the parameters. */
import { utf8 } from "../../../codec/bytes.ts";
import { Dec } from "../../../math/dec.ts";
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { failPlain } from "../../../runtime/errors.ts";
import { brickFault, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/slashing/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    const fault = message.params === undefined ? "params are missing" : (paramsFault(message.params) ?? brickFault(message.params));
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    params.set(ctx, message.params!);
    return {};
  },

  arbitrary({ random }) {
    const percent = (most: number): Uint8Array => utf8(Dec.withPrecision(BigInt(random.int(most)), 2).toProto());
    return {
      authority,
      params: {
        signedBlocksWindow: 1n + random.bigint(random.chance(80) ? 12n : 3_000n), minSignedPerWindow: percent(103), downtimeJailDuration: { seconds: random.bigint(20n), nanos: random.int(1_000) },
        slashFractionDoubleSign: percent(30), slashFractionDowntime: percent(10),
      },
    };
  },
};
