/** The keys of store `gov`: the Cosmos SDK's prefixes, and those of our own from 0x60 on. */
import { Deposit, Params, Proposal, Vote } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { Snapshot, Tally } from "../../codec/gen/dcm/governance/v1/state.ts";
import { readUint64, uint64Bytes } from "../../codec/bytes.ts";
import { bytesKey, intValue, item, lastDecoded, map, pairKey, present, proto, textTailKey, textValue, tripleKey, uint32Key, uint64Key, uint64Value, type ValueCodec } from "../../runtime/collections.ts";

export const storeName = "gov";

export const proposals = map(storeName, Uint8Array.of(0x00), uint64Key, proto(Proposal));
/** (end of the voting period, id); times are Unix nanoseconds. */
export const activeQueue = map(storeName, Uint8Array.of(0x01), pairKey(uint64Key, uint64Key), present);
/** (end of the deposit period, id) */
export const inactiveQueue = map(storeName, Uint8Array.of(0x02), pairKey(uint64Key, uint64Key), present);
/** The id of the next proposal. */
export const nextId = item(storeName, Uint8Array.of(0x03), uint64Value);

export interface Voting {
  readonly expedited: boolean;
  /** Unix nanoseconds. */
  readonly endNanos: bigint;
  /** The number of the snapshot by which votes count. */
  readonly snapshot: bigint;
}

const votingValue: ValueCodec<Voting> = {
  fresh: true,
  encode({ expedited, endNanos, snapshot }) {
    const out = new Uint8Array(17);
    out[0] = expedited ? 1 : 0;
    out.set(uint64Bytes(endNanos), 1);
    out.set(uint64Bytes(snapshot), 9);
    return out;
  },
  decode: (bytes) => ({ expedited: bytes[0] === 1, endNanos: readUint64(bytes, 1), snapshot: readUint64(bytes, 9) }),
};
/** What a vote must know of each proposal in its voting period. */
export const voting = map(storeName, Uint8Array.of(0x04), uint64Key, votingValue);

/** (proposal, depositor) */
export const deposits = map(storeName, Uint8Array.of(0x10), pairKey(uint64Key, bytesKey), proto(Deposit));
/** (proposal, voter), of ordinary voting periods. */
export const votes = map(storeName, Uint8Array.of(0x20), pairKey(uint64Key, bytesKey), proto(Vote));
/** The same of expedited ones: a proposal that becomes an ordinary one begins without votes. */
export const expeditedVotes = map(storeName, Uint8Array.of(0x21), pairKey(uint64Key, bytesKey), proto(Vote));

export const params = item(storeName, Uint8Array.of(0x30), lastDecoded(proto(Params)));
/** Absent where it is empty. */
export const constitution = item(storeName, Uint8Array.of(0x31), textValue);

/** What deposits that are still due to somebody sum up to, by denom. */
export const held = map(storeName, Uint8Array.of(0x60), textTailKey, intValue);

/** What is left of proposals that are over. */
export const Leftover = { refunds: 0, burned: 1, votes: 2, expeditedVotes: 3 } as const;
export type LeftoverKind = (typeof Leftover)[keyof typeof Leftover];
/** (proposal, kind) */
export const leftovers = map(storeName, Uint8Array.of(0x61), pairKey(uint64Key, uint32Key), present);

/** By number: the stake by which proposals in their voting period are decided. */
export const snapshots = map(storeName, Uint8Array.of(0x62), uint64Key, lastDecoded(proto(Snapshot)));
/** The number of the newest snapshot that there ever was. */
export const lastSnapshot = item(storeName, Uint8Array.of(0x63), uint64Value);
/** The number of the newest snapshot; absent while no voting period is open. */
export const openSnapshot = item(storeName, Uint8Array.of(0x64), uint64Value);
/** (delegator, operator, snapshot): shares (10^-18) that the delegation had until it changed for the first time after this snapshot; 0 where there was none. */
export const formerShares = map(storeName, Uint8Array.of(0x65), tripleKey(bytesKey, bytesKey, uint64Key), intValue);
/** (snapshot, delegator, operator) */
export const formerBySnapshot = map(storeName, Uint8Array.of(0x66), tripleKey(uint64Key, bytesKey, bytesKey), present);
/** What the votes on a proposal sum up to. */
export const tallies = map(storeName, Uint8Array.of(0x67), uint64Key, proto(Tally));
/** (proposal, operator): shares (10^-18) of the validator's delegators who voted themselves. */
export const deductions = map(storeName, Uint8Array.of(0x68), pairKey(uint64Key, bytesKey), intValue);
/** Header time of the last block, while periods had ended by then that it could not close. */
export const closing = item(storeName, Uint8Array.of(0x69), uint64Value);
