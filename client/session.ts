/** Session keys on the client's side: what workers and gateways need, the grant, and what a session looks like from the chain. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import { addressText, pubkeyAddress } from "../chain/codec/address.ts";
import type { Coin } from "../chain/codec/gen/cosmos/base/v1beta1/coin.ts";
import { MsgGrantSession } from "../chain/codec/gen/dcm/session/v1/tx.ts";
import type { QuerySessionResponse } from "../chain/codec/gen/dcm/session/v1/query.ts";
import type { Connection } from "./connection.ts";

const named = (module: string, names: readonly string[]): string[] => names.map((name) => `/dcm.${module}.v1.Msg${name}`);

/** What a provider's worker sends, as type URLs, sorted. */
export const workerMessages: readonly string[] = [
  ...named("market", ["CancelAsk", "CommitResult", "DeclineTask", "PlaceAsk", "ReclaimService", "ReplaceAsk", "ReportProbe", "RevealResult", "SettleService", "StartService", "StartTask"]),
  ...named("referee", ["Answer", "Pick", "Prove"]), ...named("staking", ["Heartbeat", "UnjailProvider"]),
];

/** What a consumer's gateway sends for jobs and services, as type URLs, sorted. */
export const gatewayMessages: readonly string[] = named("market", ["CancelBid", "CloseService", "PlaceBid", "PlaceServiceBid", "RegisterProfile", "RevealSalt", "SealKeys", "SupplyInputs", "TopUpService"]);

export interface SessionTerms {
  /** Sorted by denom. */
  readonly spendLimit: readonly Coin[];
  /** In milliseconds; the limit is there anew in each. 0: it is for the whole session. */
  readonly periodMs: number;
  /** From the grant on, in milliseconds. */
  readonly lifetimeMs: number;
}

/** The address of a session key: 33 bytes, compressed. */
export function sessionAddress(key: Uint8Array): string {
  return addressText(pubkeyAddress({ kind: "secp256k1", key }));
}

/** The session as it is now, over or not; undefined where the owner has granted none to this key. */
export async function findSession(connection: Connection, owner: string, session: string): Promise<QuerySessionResponse | undefined> {
  return connection.query.session.session({ owner, session }).catch((error: unknown) => {
    if (/has granted no session/.test(String(error))) return undefined;
    throw error;
  });
}

/** Whether the session has these messages and limits, and more than half of its life before it. */
export function isGood(known: QuerySessionResponse | undefined, messages: readonly string[], { spendLimit, periodMs, lifetimeMs }: SessionTerms): boolean {
  const session = known?.session;
  if (known === undefined || session === undefined || !known.live || session.expiresTau - known.tau < BigInt(lifetimeMs) / 2n) return false;
  const limits = (coins: readonly Coin[]): string => coins.map(({ denom, amount }) => `${amount}${denom}`).join(",");
  return session.ownerPaysFees && session.messages.join() === messages.join() && session.period === BigInt(periodMs) && limits(session.spendLimit) === limits(spendLimit);
}

/** The message by which the owner grants a session whose fees it pays; `tau` is the present one. */
export function grantMessage(owner: string, key: Uint8Array, messages: readonly string[], { spendLimit, periodMs, lifetimeMs }: SessionTerms, tau: bigint): EncodeObject {
  const value = { owner, key, messages: [...messages], spendLimit: [...spendLimit], period: BigInt(periodMs), ownerPaysFees: true, expiresTau: tau + BigInt(lifetimeMs) };
  return { typeUrl: `/${MsgGrantSession.$type}`, value };
}
