/**
 * What the chain's events say was settled, as rows of a statement: pure, from the events of one transaction, or of the end of one block. Whoever reads the same block
 * gets the same rows.
 */
import { sha256 } from "../../chain/codec/hash.ts";
import { toHex, utf8 } from "../../chain/codec/bytes.ts";

/** An event with its attributes by name. */
export interface NamedEvent {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Events that happened together: of one transaction, or without one at the end of a block. */
export interface Scope {
  readonly height: number;
  /** SHA-256 of the transaction, hexadecimal, upper case. */
  readonly txHash?: string;
  readonly events: readonly NamedEvent[];
}

/**
 * Why money moved: `settled` out of an escrow; `voucher`, redeemed out of a payment channel; `sla`, a credit for missed service levels; `penalty`, a part of a provider's stake that came to the consumer;
 * `forward`, out of what was set aside for a forward's order or position.
 */
export type RowKind = "settled" | "voucher" | "sla" | "penalty" | "forward";

export interface StatementRow {
  readonly kind: RowKind;
  readonly height: number;
  /** Absent: the chain's own doing at the end of that block. */
  readonly txHash?: string;
  /** The event's place among those of its scope. */
  readonly index: number;
  readonly consumer: string;
  /** Whose money it was. */
  readonly payer: string;
  /** Empty: none. */
  readonly organization: string;
  readonly costTags: readonly { readonly key: string; readonly value: string }[];
  /** `job:7`, `service:9`, `channel:5`; of forwards `position:3`, or `order:2` where the order has become none. */
  readonly subject: string;
  /** Of a job's task or a service's instance; of a position the order that traded it; empty: of all of it. */
  readonly item: string;
  readonly leaseId: string;
  readonly classId: string;
  readonly denom: string;
  /** Empty where nobody was paid. */
  readonly provider: string;
  /** By whose name the provider went when it was matched; empty: its own. */
  readonly providerOrganization: string;
  /** That the provider declared when it was matched; empty: none. */
  readonly jurisdiction: string;
  /** Whole lots that the payment brought to an end; of a position that is over, those that were left unused. */
  readonly lots: bigint;
  /** For one lot, in the denom; of a voucher all of it; 0 where nothing was paid for, or not by the lot. */
  readonly unitPrice: bigint;
  /** To the provider, or of a forward to its other side: unit price x lots; of a service, of which begun lots are paid in parts, as far as whole units of the denom go. */
  readonly gross: bigint;
  readonly fee: bigint;
  /** Forfeited, and burned by the chain. */
  readonly burned: bigint;
  /** Out of the escrow, back to the payer: no cost. Negative, of a forward alone: set aside out of the credit of the row. */
  readonly refund: bigint;
  /** To the payer, out of a provider's bond, or of a forward from its other side. */
  readonly credit: bigint;
  /** Of a penalty: `start_missed`, `minority` ...; of a forward: `matched`, `resold`, `transferred`, `settled`, `cancelled` ... */
  readonly reason: string;
}

const market = "dcm.market.v1.Event";
const amount = (text: string | undefined): bigint => BigInt(text === undefined || text === "" ? "0" : text);

const voucherRedeemed = "dcm.channel.v1.EventVoucherRedeemed";

const forwardSettled = "dcm.forward.v1.EventEscrowSettled";

/** Events that rows are made of, by what they say first: what left an escrow or a channel, and what came to the payer out of a bond. */
export const billedEvents = [`${market}EscrowSettled`, `${market}CreditPaid`, `${market}ProviderPenalized`, voucherRedeemed, forwardSettled] as const;

/** Throws an Error where the events contradict themselves: payments that do not sum up to what was settled. */
export function rowsOf(scope: Scope): StatementRow[] {
  return scope.events.flatMap(({ type, attributes }, index) => {
    switch (type) {
      case `${market}EscrowSettled`:
        return settled(scope, attributes, index);
      case `${market}CreditPaid`:
        return [{ ...base(scope, attributes, index), kind: "sla" as const, credit: amount(attributes["amount"]) }];
      case `${market}ProviderPenalized`:
        return amount(attributes["to_consumer"]) === 0n ? [] : [{ ...base(scope, attributes, index), kind: "penalty" as const, credit: amount(attributes["to_consumer"]), reason: attributes["reason"] ?? "" }];
      case voucherRedeemed:
        return [voucher(scope, attributes, index)];
      case forwardSettled:
        return [forward(scope, attributes, index)];
      default:
        return [];
    }
  });
}

/** A channel says nothing of what its vouchers paid for: no class, no lots, no tags. */
function voucher(scope: Scope, said: NamedEvent["attributes"], index: number): StatementRow {
  const paid = amount(said["paid"]);
  const payer = said["payer"] ?? "";
  return { ...base(scope, said, index), kind: "voucher", consumer: payer, payer, subject: `channel:${said["channel_id"] ?? ""}`, provider: said["recipient"] ?? "", unitPrice: paid, gross: paid, fee: amount(said["fee"]) };
}

function forward(scope: Scope, said: NamedEvent["attributes"], index: number): StatementRow {
  const [order, position] = [said["order_id"] ?? "", said["position_id"] ?? ""];
  return {
    ...base(scope, said, index), kind: "forward", ...(position === "" ? { subject: `order:${order}` } : { subject: `position:${position}`, item: order }), lots: amount(said["lots"]), unitPrice: amount(said["price"]),
    gross: amount(said["paid"]), credit: amount(said["received"]), refund: amount(said["refunded"]), reason: said["reason"] ?? "",
  };
}

function base({ height, txHash }: Scope, said: NamedEvent["attributes"], index: number): StatementRow {
  const job = said["job_id"] ?? "";
  return {
    kind: "settled", height, ...(txHash === undefined ? {} : { txHash }), index, consumer: said["consumer"] ?? "", payer: said["payer"] ?? "", organization: said["organization"] ?? "",
    costTags: readTags(said["cost_tags"] ?? ""), subject: job === "" ? `service:${said["service_id"] ?? ""}` : `job:${job}`, item: said["task_id"] ?? said["instance_id"] ?? "", leaseId: said["lease_id"] ?? "", classId: said["class_id"] ?? "",
    denom: said["denom"] ?? "", provider: said["provider"] ?? "", providerOrganization: said["provider_organization"] ?? "", jurisdiction: said["jurisdiction"] ?? "",
    lots: 0n, unitPrice: 0n, gross: 0n, fee: 0n, burned: 0n, refund: 0n, credit: 0n, reason: "",
  };
}

/** One row for each payment; what was burned or went back stands in the last, or in a row of its own. */
function settled(scope: Scope, said: NamedEvent["attributes"], index: number): StatementRow[] {
  const [paid, fee, burned, refund] = ["paid", "fee", "burned", "refunded"].map((name) => amount(said[name])) as [bigint, bigint, bigint, bigint];
  const payments: StatementRow[] = [];
  // The chain says what each payment was for right behind the settlement.
  for (let at = index + 1; scope.events[at]?.type === `${market}UsagePaid`; at++) {
    const { attributes } = scope.events[at]!;
    payments.push({ ...base(scope, attributes, at), lots: amount(attributes["lots"]), unitPrice: amount(attributes["price"]), gross: amount(attributes["amount"]), fee: amount(attributes["fee"]) });
  }
  const row = base(scope, said, index);
  const sum = (pick: (one: StatementRow) => bigint): bigint => payments.reduce((total, one) => total + pick(one), 0n);
  const [toProviders, fees] = [sum((one) => one.gross), sum((one) => one.fee)];
  const where = `height ${scope.height}: ${row.subject} ${row.item}`;
  if (toProviders !== paid) throw new Error(`${where} settled ${paid}, its providers got ${toProviders}`);
  if (payments.length === 0) return fee + burned + refund === 0n ? [] : [{ ...row, leaseId: "", provider: "", fee, burned, refund }];
  if (fees !== fee) throw new Error(`${where} settled a fee of ${fee}, its shares are ${fees}`);
  return payments.map((payment, i) => (i === payments.length - 1 ? { ...payment, burned, refund } : payment));
}

/** `team=a,project=b`. What has no `=` belongs to the value before it, which had a comma. */
export function readTags(text: string): { key: string; value: string }[] {
  const out: { key: string; value: string }[] = [];
  for (const part of text === "" ? [] : text.split(",")) {
    const at = part.indexOf("=");
    const last = out.at(-1);
    if (at < 0 && last !== undefined) last.value += `,${part}`;
    else out.push({ key: at < 0 ? part : part.slice(0, at), value: at < 0 ? "" : part.slice(at + 1) });
  }
  return out;
}

/** SHA-256, hexadecimal, over all that the chain says of a row: two readers of the same block get the same. */
export function rowDigest(row: StatementRow): string {
  const { kind, height, txHash = "", index, consumer, payer, organization, costTags, subject, item, leaseId, classId, denom, provider, providerOrganization, jurisdiction, lots, unitPrice, gross, fee, burned, refund, credit, reason } = row;
  const parts = [
    kind, height, txHash, index, consumer, payer, organization, costTags.map(({ key, value }) => [key, value]), subject, item, leaseId, classId, denom, provider, providerOrganization, jurisdiction,
    ...[lots, unitPrice, gross, fee, burned, refund, credit].map(String), reason,
  ];
  return toHex(sha256(utf8("dcm/statement-row/v1"), utf8(JSON.stringify(parts))));
}

/** What a row costs its payer: credits are negative, refunds cost nothing. */
export function costOf({ gross, fee, burned, credit }: StatementRow): bigint {
  return gross + fee + burned - credit;
}
