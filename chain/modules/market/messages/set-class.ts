/** MsgSetClass: a new capacity class, or a changed one. */
import type { MsgSetClass, MsgSetClassResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { requireAuthority } from "../authority.ts";
import { checkClass, saveClass } from "../classes.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function setClass(ports: MarketPorts): MessageHandler<MsgSetClass, MsgSetClassResponse> {
  return {
    signers: (message) => [message.authority],
    check: (message) => void checkClass(message.class),
    execute(ctx, message) {
      requireAuthority(ports, message.authority);
      saveClass(ctx, checkClass(message.class));
      return {};
    },
    arbitrary: () => undefined,
  };
}
