/** The errors of codespace `forward`. Each says field, value and limit, and where it helps what to do next. */
import { defineErrors } from "../../runtime/errors.ts";

interface Field {
  readonly field: string;
  readonly value: string | bigint | number;
  readonly limit: string;
}

export const errors = defineErrors("forward", {
  invalidField: [2, ({ field, value, limit }: Field) => `${field} is ${String(value).slice(0, 120)}; it must be ${limit}`],
  wrongSlot: [3, ({ slot, length, first, last }: { slot: bigint; length: bigint; first: bigint; last: bigint }) => `slot_tau is ${slot}; slots that trade start at multiples of ${length} from ${first} to ${last}`],
  slotTooShort: [4, ({ classId, length, lot }: { classId: string; length: bigint; lot: bigint }) => `a slot of ${length} ms holds no lot of ${classId}, which may take ${lot} ms`],
  notProvider: [5, ({ address }: { address: string }) => `${address} is not an active provider; only providers sell capacity, holders resell positions with MsgResell`],
  unknownOrder: [6, ({ id }: { id: bigint }) => `there is no order ${id}: it never was, or it was filled, cancelled or has expired`],
  notYours: [7, ({ what, owner, signer }: { what: string; owner: string; signer: string }) => `${what} belongs to ${owner}, not to ${signer}`],
  cancelPending: [8, ({ id }: { id: bigint }) => `order ${id} is being cancelled already`],
  unknownPosition: [9, ({ id }: { id: bigint }) => `there is no position ${id}: it never was, or it is settled`],
  slotBegun: [10, ({ what, slot, tau }: { what: string; slot: bigint; tau: bigint }) => `the slot of ${what} begins at tau ${slot}, it is ${tau}: it trades no more`],
  beingResold: [11, ({ id, order }: { id: bigint; order: bigint }) => `position ${id} is being resold by order ${order}; cancel that first`],
  notOffered: [12, ({ id, to, signer }: { id: bigint; to: string; signer: string }) => `position ${id} is offered to ${to === "" ? "nobody" : to}, not to ${signer}`],
  invalidParams: [13, ({ field, value, low, high }: { field: string; value: string; low: string; high: string }) => `${field} is ${value}; it must be from ${low} to ${high}`],
  slotLengthFixed: [14, ({ length }: { length: bigint }) => `params.slot_length stays ${length} while there are orders or positions`],
  barred: [15, ({ what, organization, why }: { what: string; organization: string; why: string }) => `${what} is bought with money of ${organization}: ${why}`],
  ofOrganization: [16, ({ id, organization, holder }: { id: bigint; organization: string; holder: string }) =>
    `position ${id} is bought with money of ${organization}, and ${holder} may not give it to others: an owner or admin offers it, or the recipient accepts it for ${organization}`],
  affiliate: [17, ({ organization, holder }: { organization: string; holder: string }) => `${holder} is a member of ${organization}, whose members do not sell to it`],
} as const);
