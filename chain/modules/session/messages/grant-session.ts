/** MsgGrantSession: the owner lets a key send some messages in its name, within a limit, until an expiry. */
import type { MsgGrantSession, MsgGrantSessionResponse } from "../../../codec/gen/dcm/session/v1/tx.ts";
import { addressText } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { decodePubKey } from "../../../codec/pubkey.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { readCoins } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { sessionGranted } from "../events.ts";
import { grantable, isGrantable } from "../grantable.ts";
import { isKey, keyAddress } from "../key.ts";
import { maxDenoms, maxTypes } from "../params.ts";
import { params, putSession, sessions, within } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { SessionPorts } from "../ports.ts";

/** Beyond every tau, and small enough for sums. */
const maxTau = 1n << 50n;

export function grantSession({ accounts, clock }: SessionPorts): MessageHandler<MsgGrantSession, MsgGrantSessionResponse> {
  return {
    signers: (message) => [message.owner],

    check({ owner, key, messages, spendLimit, period, expiresTau }) {
      const address = readAddress(owner, "invalid owner address");
      if (!isKey(key)) fail(errors.invalidField, { field: "key", value: `${key.length} bytes`, limit: "a compressed secp256k1 key: 33 bytes that begin with 02 or 03" });
      if (equalBytes(keyAddress(key), address)) fail(errors.ownKey, { owner });
      if (messages.length === 0 || messages.length > maxTypes) fail(errors.invalidField, { field: "messages", value: `${messages.length} entries`, limit: `1 to ${maxTypes} type URLs` });
      for (const [i, typeUrl] of messages.entries()) {
        if (!isGrantable(typeUrl)) fail(errors.notGrantable, { typeUrl });
        if (i > 0 && typeUrl <= messages[i - 1]!) fail(errors.invalidField, { field: `messages[${i}]`, value: typeUrl, limit: "after the one before it, in byte order, once" });
      }
      const coins = readCoins(spendLimit);
      if (typeof coins === "string") fail(errors.invalidField, { field: "spend_limit", value: coins, limit: "coins, sorted by denom, above 0" });
      if (coins.length > maxDenoms) fail(errors.invalidField, { field: "spend_limit", value: `${coins.length} coins`, limit: `at most ${maxDenoms}` });
      if (period > maxTau) fail(errors.invalidField, { field: "period", value: period, limit: `at most ${maxTau}` });
      if (expiresTau > maxTau) fail(errors.invalidField, { field: "expires_tau", value: expiresTau, limit: `at most ${maxTau}` });
    },

    execute(ctx, { owner, key, messages, spendLimit, period, ownerPaysFees, expiresTau: wanted }) {
      const from = readAddress(owner, "invalid owner address");
      const address = keyAddress(key);
      const { maxSessions, maxLifetime } = params.get(ctx);
      const tau = clock.tau(ctx);
      const expiresTau = wanted === 0n ? tau + maxLifetime : wanted;
      if (expiresTau <= tau || expiresTau > tau + maxLifetime) fail(errors.invalidField, { field: "expires_tau", value: wanted, limit: `after the present tau ${tau} and at most ${maxLifetime} ms later` });
      const replaced = sessions.has(ctx, [from, address]);
      if (!replaced && countOf(ctx, from, maxSessions) >= maxSessions) fail(errors.tooMany, { owner, most: maxSessions });
      // So that the key can sign without ever holding a coin.
      accounts.ensure(ctx, address);
      const session = { owner: addressText(from), session: addressText(address), key, messages, spendLimit, period, ownerPaysFees, grantedTau: tau, expiresTau };
      putSession(ctx, session);
      sessionGranted(ctx, session, replaced);
      return { session: session.session, expiresTau };
    },

    arbitrary({ ctx, accounts: known, random }) {
      const holder = accounts.find(ctx, readAddress(random.pick(known), "invalid address"))?.pubKey;
      const pubkey = holder === undefined ? undefined : decodePubKey(holder);
      if (pubkey?.kind !== "secp256k1") return undefined;
      return {
        owner: random.pick(known), key: pubkey.key, messages: random.chance(90) ? [...grantable] : ["/cosmos.authz.v1beta1.MsgExec"], spendLimit: random.chance(80) ? [{ denom: "udcm", amount: String(1n + random.bigint(5_000_000n)) }] : [],
        period: random.pick([0n, 20_000n]), ownerPaysFees: random.chance(70), expiresTau: random.chance(50) ? 0n : clock.tau(ctx) + random.bigint(60_000n),
      };
    },
  };
}

/** Sessions of the owner, counted no further than `most`. */
function countOf(ctx: Context, owner: Uint8Array, most: number): number {
  let count = 0;
  for (const _ of sessions.entries(ctx, { within: within.address(owner) })) if (++count === most) break;
  return count;
}
