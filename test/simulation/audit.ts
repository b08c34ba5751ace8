/** A failed transaction changes nothing but its fee, its signers' sequences and keys, and what allowances, session limits and nonces it used. */
import { addressBytes, addressText, moduleAddress } from "../../chain/codec/address.ts";
import { equalBytes, toHex } from "../../chain/codec/bytes.ts";
import type { ExecTxResult } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { accounts, nonces } from "../../chain/modules/auth/state.ts";
import { anyOfAccount, decodeAccount, type StoredAccount } from "../../chain/modules/auth/accounts.ts";
import { Spending } from "../../chain/codec/gen/dcm/session/v1/types.ts";
import { spendings, storeName as sessionStore } from "../../chain/modules/session/state.ts";
import { balances, holders } from "../../chain/modules/bank/state.ts";
import type { BlockRequest, BlockResult } from "../../chain/runtime/machine.ts";
import type { ReadStores } from "../../chain/store/kv.ts";
import type { ChangeSet } from "../../chain/store/overlay.ts";
import type { LocalReplica } from "./replica.ts";

/** Executes some of the block's failed transactions alone, against an empty block. Gives how many; throws where one left a trace. */
export function auditFailed(replica: LocalReplica, block: BlockRequest, result: BlockResult, most: number): number {
  const failed = result.txResults.flatMap(({ code }, i) => (code === 0 ? [] : [i])).slice(0, most);
  if (failed.length === 0) return 0;
  const nothing = replica.trial({ ...block, txs: [] }).writes;
  for (const i of failed) {
    const alone = replica.trial({ ...block, txs: [block.txs[i]!] });
    const [own] = alone.result.txResults;
    if (own!.code === 0) continue;
    const fault = traceFault(replica.store.latest(), nothing, alone.writes, own!);
    if (fault !== undefined) throw new Error(`transaction ${i} failed (${own!.codespace} ${own!.code}: ${own!.log}) and still ${fault}`);
  }
  return failed.length;
}

interface Difference {
  readonly store: string;
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** What one block writes and the other does not, or writes otherwise. A write of the same value counts: it changes the app hash. */
function differences(state: ReadStores, without: ChangeSet, having: ChangeSet): Difference[] {
  const out: Difference[] = [];
  const index = (set: ChangeSet): Map<string, { store: string; key: Uint8Array; value: Uint8Array | undefined }> =>
    new Map(set.flatMap(([store, changes]) => changes.map(([key, value]) => [`${store}/${toHex(key)}`, { store, key, value }] as const)));
  const [a, b] = [index(without), index(having)];
  for (const [id, { store, key, value }] of b) {
    const other = a.get(id);
    const before = other === undefined ? state.store(store).get(key) : other.value;
    if (other === undefined || !same(before, value)) out.push({ store, key, before, after: value });
  }
  for (const [id, { store, key, value }] of a) if (!b.has(id)) out.push({ store, key, before: value, after: state.store(store).get(key) });
  return out;
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

/** The sentence that says what the transaction changed beyond what it may, or undefined. */
export function traceFault(state: ReadStores, without: ChangeSet, having: ChangeSet, result: ExecTxResult): string | undefined {
  const changed = differences(state, without, having);
  const charged = result.events.find(({ type }) => type === "tx");
  if (charged === undefined) return changed.length === 0 ? undefined : `wrote ${changed.map(named).join(", ")} although it was refused before its fee`;
  const feePayer = attribute(result, "fee_payer");
  const fee = attribute(result, "fee");
  for (const difference of changed) {
    const fault = faultOf(difference, feePayer, fee);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOf(difference: Difference, feePayer: string, fee: string): string | undefined {
  const { store, key, before, after } = difference;
  if (store === "feegrant") return undefined;
  if (store === sessionStore && startsWith(key, spendings.prefix) && after !== undefined && fee !== "" && Spending.decode(after).owner === feePayer) return undefined;
  if (store === "acc" && startsWith(key, nonces.prefix)) return undefined;
  if (store === "acc" && startsWith(key, accounts.prefix)) return before !== undefined && after !== undefined && onlySequence(decodeAccount(before), decodeAccount(after)) ? undefined : `changed account ${addressText(key.slice(1))} beyond its sequence and key`;
  if (store === "bank" && (startsWith(key, balances.prefix) || startsWith(key, holders.prefix)) && fee !== "") {
    const tail = toHex(key);
    if ([addressBytes(feePayer), moduleAddress("fee_collector")].some((address) => tail.includes(toHex(address)))) return undefined;
  }
  return `wrote ${named(difference)}`;
}

function onlySequence(before: StoredAccount, after: StoredAccount): boolean {
  if (after.sequence !== before.sequence && after.sequence !== before.sequence + 1n) return false;
  const known = before.pubKey ?? after.pubKey;
  const plain = (account: StoredAccount): string => toHex(anyOfAccount(account.with({ sequence: 0n, ...(known === undefined ? {} : { pubKey: known }) })).value);
  return plain(before) === plain(after);
}

function named({ store, key, before, after }: Difference): string {
  return `${store}/${toHex(key)} (${before === undefined ? "absent" : toHex(before)} -> ${after === undefined ? "absent" : toHex(after)})`;
}

function attribute({ events }: ExecTxResult, key: string): string {
  for (const event of events) if (event.type === "tx") for (const one of event.attributes) if (one.key === key) return one.value;
  return "";
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return equalBytes(key.subarray(0, prefix.length), prefix);
}
