/** The errors of codespace `session`. Each says field, value and limit, and where it helps what to do next. */
import { defineErrors } from "../../runtime/errors.ts";

interface Field {
  readonly field: string;
  readonly value: string | bigint | number;
  readonly limit: string;
}

interface Key {
  readonly session: string;
  readonly owner: string;
}

export const errors = defineErrors("session", {
  invalidField: [2, ({ field, value, limit }: Field) => `${field} is ${String(value).slice(0, 120)}; it must be ${limit}`],
  ownKey: [3, ({ owner }: { owner: string }) => `key is the key of the owner ${owner} itself; make another one for the session`],
  notGrantable: [4, ({ typeUrl }: { typeUrl: string }) => `no session key may send ${typeUrl.slice(0, 120)}; the query Grantable lists what it may`],
  tooMany: [5, ({ owner, most }: { owner: string; most: number }) => `${owner} has ${most} sessions, and no more may be: revoke one with MsgRevokeSession`],
  unknownSession: [6, ({ session, owner }: Key) => `${owner} has granted no session to ${session}, or it is over: the owner grants one with MsgGrantSession`],
  expired: [7, ({ session, owner, expires, tau }: Key & { expires: bigint; tau: bigint }) => `the session of ${session} for ${owner} ended after tau ${expires}, it is ${tau}: the owner grants a new one with MsgGrantSession`],
  notAllowed: [8, ({ session, owner, typeUrl }: Key & { typeUrl: string }) => `the session of ${session} for ${owner} does not have ${typeUrl}`],
  wrongSigner: [9, ({ index, owner, signers }: { index: number; owner: string; signers: readonly string[] }) => `messages[${index}] is signed by ${signers.join(", ").slice(0, 200)}; it must be signed by ${owner} alone`],
  overLimit: [10, ({ session, owner, denom, limit, spent, more }: Key & { denom: string; limit: bigint; spent: bigint; more: bigint }) =>
    `the session of ${session} may cost ${owner} ${limit}${denom.slice(0, 128)}; ${spent} are spent and this takes ${more} more`],
  invalidParams: [11, ({ field, value, low, high }: { field: string; value: string; low: string; high: string }) => `${field} is ${value}; it must be from ${low} to ${high}`],
} as const);
