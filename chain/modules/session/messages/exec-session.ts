/** MsgExecSession: a key sends messages in its owner's name, within what the owner granted to it. */
import { MsgHeartbeat } from "../../../codec/gen/dcm/staking/v1/tx.ts";
import { addressText } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { toWire } from "../../../runtime/coins.ts";
import { TxError, fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { sessionUsed } from "../events.ts";
import { isGrantable } from "../grantable.ts";
import { charge, liveSession } from "../keeper.ts";
import { paramBounds } from "../params.ts";
import { params, sessions } from "../state.ts";
import type { MsgExecSession, MsgExecSessionResponse } from "../../../codec/gen/dcm/session/v1/tx.ts";
import type { Any } from "../../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { CarriedMessage, SessionPorts } from "../ports.ts";

const [, , mostMessages] = paramBounds.maxMessages;

export function execSession(ports: SessionPorts): MessageHandler<MsgExecSession, MsgExecSessionResponse> {
  const { messages, meter } = ports;
  /** What was opened, by the decoded message: CheckTx and the block look at the same one, and it never changes. */
  const opened = new WeakMap<MsgExecSession, readonly CarriedMessage[]>();
  const open = (message: MsgExecSession): readonly CarriedMessage[] => {
    const known = opened.get(message);
    if (known !== undefined) return known;
    const carried = message.messages.map((any) => messages.open(any));
    opened.set(message, carried);
    return carried;
  };
  return {
    uncarried: true,
    signers: (message) => [message.session],
    // What may not be late is not late for coming by a session key.
    laneOf: (message) => (message.messages.length > 0 && message.messages.every(({ typeUrl }) => messages.message(typeUrl)?.handler.lane === "reserved") ? "reserved" : undefined),

    check(message) {
      readAddress(message.session, "invalid session address");
      const owner = readAddress(message.owner, "invalid owner address");
      const count = message.messages.length;
      if (count === 0 || count > mostMessages) fail(errors.invalidField, { field: "messages", value: `${count} entries`, limit: `1 to ${mostMessages}` });
      for (const { typeUrl } of message.messages) if (!isGrantable(typeUrl)) fail(errors.notGrantable, { typeUrl });
      for (const [index, { signers }] of open(message).entries()) {
        if (signers.length !== 1 || !equalBytes(readAddress(signers[0]!, `messages[${index}]: invalid signer address`), owner)) fail(errors.wrongSigner, { index, owner: addressText(owner), signers });
      }
    },

    execute(ctx, message) {
      const [key, owner] = [readAddress(message.session, "invalid session address"), readAddress(message.owner, "invalid owner address")];
      const session = liveSession(ctx, ports, owner, key);
      const { maxMessages } = params.get(ctx);
      if (message.messages.length > maxMessages) fail(errors.invalidField, { field: "messages", value: `${message.messages.length} entries`, limit: `1 to ${maxMessages}` });
      const carried = open(message);
      for (const { typeUrl } of carried) if (!session.messages.includes(typeUrl)) fail(errors.notAllowed, { session: session.session, owner: session.owner, typeUrl });
      const { value: responses, taken } = meter.measure(() => carried.map((one, index) => run(ctx, one, index)));
      charge(ctx, ports, session, owner, key, taken);
      sessionUsed(ctx, session, carried.map(({ typeUrl }) => typeUrl), taken);
      return { responses, spent: toWire(taken) };
    },

    arbitrary({ ctx, accounts, random }) {
      const known = [...sessions.entries(ctx)].map(([, session]) => session).filter(({ session }) => accounts.includes(session));
      if (known.length === 0) return undefined;
      const { session, owner } = random.pick(known);
      return { session, owner, messages: [{ typeUrl: `/${MsgHeartbeat.$type}`, value: MsgHeartbeat.encode({ operator: owner }).finish() }] };
    },
  };
}

function run(ctx: Context, carried: CarriedMessage, index: number): Any {
  const before = ctx.log.mark;
  try {
    const response = carried.execute(ctx);
    ctx.log.share(before, "session_msg_index", String(index));
    return response;
  } catch (error) {
    if (error instanceof TxError) throw new TxError(error.codespace, error.code, `messages[${index}] ${carried.typeUrl}: ${error.message}`);
    throw error;
  }
}
