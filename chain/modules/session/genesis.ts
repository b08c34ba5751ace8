/** Genesis: parameters and sessions. Indexes and the due queue are made anew from the records. */
import { GenesisState } from "../../codec/gen/dcm/session/v1/genesis.ts";
import type { Session } from "../../codec/gen/dcm/session/v1/types.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { compareBytes, concatBytes } from "../../codec/bytes.ts";
import { allWithin, fromWire, readCoins } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";
import { isGrantable } from "./grantable.ts";
import { isKey, keyAddress } from "./key.ts";
import { defaultParams, maxDenoms, maxTypes, paramsFault } from "./params.ts";
import { params, putSession, sessions, spendings } from "./state.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { SessionPorts } from "./ports.ts";

export function sessionGenesis({ accounts }: SessionPorts): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({ params: defaultParams(), sessions: [], spendings: [] }),

    check(state) {
      assert(state.params !== undefined, "session.params is missing");
      const fault = paramsFault(state.params);
      if (fault !== undefined) throw fault;
      let last: Uint8Array = new Uint8Array(0);
      for (const session of state.sessions) {
        checkSession(session);
        const key = concatBytes(addressBytes(session.owner), addressBytes(session.session));
        assert(compareBytes(key, last) > 0, `session.sessions: ${session.session} of ${session.owner} is out of order or stands twice`);
        last = key;
      }
      checkSpendings(state);
    },

    init(ctx, state) {
      params.set(ctx, state.params!);
      for (const session of state.sessions) {
        accounts.ensure(ctx, addressBytes(session.session));
        putSession(ctx, session);
      }
      for (const spending of state.spendings) spendings.set(ctx, [addressBytes(spending.owner), addressBytes(spending.session)], spending);
    },

    export: (ctx) => ({ params: params.get(ctx), sessions: Array.from(sessions.entries(ctx), ([, session]) => session), spendings: Array.from(spendings.entries(ctx), ([, spending]) => spending) }),
  };
}

function checkSession(session: Session): void {
  const where = `session.sessions: ${session.session} of ${session.owner}`;
  assert(addressText(addressBytes(session.owner)) === session.owner, `${where}: owner is no account's address`);
  assert(isKey(session.key) && addressText(keyAddress(session.key)) === session.session, `${where}: session is not the address of key`);
  assert(session.owner !== session.session, `${where}: the key is the owner's own`);
  assert(session.messages.length > 0 && session.messages.length <= maxTypes && session.messages.every((one, i) => isGrantable(one) && (i === 0 || one > session.messages[i - 1]!)), `${where}: messages are grantable type URLs, sorted`);
  const limit = readCoins(session.spendLimit);
  assert(typeof limit !== "string" && limit.length <= maxDenoms, `${where}: spend_limit is coins, sorted by denom, above 0`);
  assert(session.expiresTau > session.grantedTau, `${where}: its times contradict each other`);
}

/** Each is of a session, in the order of these. */
function checkSpendings({ sessions: all, spendings: list }: GenesisState): void {
  let at = 0;
  for (const { owner, session, spent, periodTau } of list) {
    const where = `session.spendings: ${session} of ${owner}`;
    while (at < all.length && (all[at]!.owner !== owner || all[at]!.session !== session)) at++;
    const of = all[at++];
    assert(of !== undefined, `${where} has no session, is out of order or stands twice`);
    const coins = readCoins(spent);
    assert(typeof coins !== "string" && coins.length > 0, `${where}: spent is coins, sorted by denom, above 0`);
    assert(allWithin(coins, fromWire(of.spendLimit)), `${where}: more is spent than its limit`);
    assert(periodTau >= of.grantedTau, `${where}: its period begins before the grant`);
  }
}
