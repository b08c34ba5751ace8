/** MsgRevokeSession: the owner ends a session at once. */
import type { MsgRevokeSession, MsgRevokeSessionResponse } from "../../../codec/gen/dcm/session/v1/tx.ts";
import { addressText } from "../../../codec/address.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { sessionRevoked } from "../events.ts";
import { removeSession, sessions } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const revokeSession: MessageHandler<MsgRevokeSession, MsgRevokeSessionResponse> = {
  signers: (message) => [message.owner],

  check({ owner, session }) {
    readAddress(owner, "invalid owner address");
    readAddress(session, "invalid session address");
  },

  execute(ctx, message) {
    const [owner, key] = [readAddress(message.owner, "invalid owner address"), readAddress(message.session, "invalid session address")];
    const session = sessions.find(ctx, [owner, key]);
    if (session === undefined) fail(errors.unknownSession, { session: addressText(key), owner: addressText(owner) });
    removeSession(ctx, session);
    sessionRevoked(ctx, session);
    return {};
  },

  arbitrary({ ctx, accounts, random }) {
    const known = [...sessions.entries(ctx)].map(([, { owner, session }]) => ({ owner, session })).filter(({ owner }) => accounts.includes(owner));
    return known.length === 0 || random.chance(60) ? { owner: random.pick(accounts), session: random.pick(accounts) } : random.pick(known);
  },
};
