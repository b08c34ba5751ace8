/** What is fuzzed, one case at a time: each case follows from its label and throws where something is wrong. */
import { isAddress, prefixes } from "../../chain/codec/address.ts";
import { fromBase64, toBase64, toHex, utf8 } from "../../chain/codec/bytes.ts";
import { MsgExec } from "../../chain/codec/gen/cosmos/authz/v1beta1/tx.ts";
import type { ExecTxResult } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { decodeTx, TxDecodeError } from "../../chain/codec/tx.ts";
import { appStateBytes, GenesisError, readGenesis, writeGenesis } from "../../chain/node/genesis.ts";
import { TxError } from "../../chain/runtime/errors.ts";
import type { BlockRequest } from "../../chain/runtime/machine.ts";
import type { BoundMessage } from "../../chain/runtime/module.ts";
import type { ChangeSet } from "../../chain/store/overlay.ts";
import { compareEngines } from "../../worker/sandbox/rv32/random-program.ts";
import { traceFault } from "../simulation/audit.ts";
import { encodePlanned, plannedMessage, type PlannedTx } from "../simulation/plan.ts";
import { seeded } from "../simulation/random.ts";
import { signingFor } from "../simulation/signing.ts";
import type { LastState } from "../simulation/simulation.ts";
import { anyOf } from "../support/accounts.ts";
import { mutateBytes, mutateFields, mutateJson } from "./mutate.ts";

export type Target = (label: string) => void;

/** Decodes, checks, simulates and executes a damaged transaction: nothing may be thrown, and a failed one may leave no trace. */
export function transactionTarget({ replica, world, generator, nanos }: LastState): Target {
  const { machine } = replica;
  const ctx = machine.queryContext();
  const empty: BlockRequest = { height: ctx.height + 1n, timeNanos: nanos, proposer: new Uint8Array(20), txs: [], lastCommit: undefined, misbehavior: [] };
  const nothing = replica.trial(empty).writes;
  return (label) => {
    const random = seeded(`fuzz ${label}`);
    const tx = generator.transaction(ctx, label);
    if (tx === undefined) return;
    const crafted = random.chance(60) ? craft(tx, (typeUrl) => machine.router.message(typeUrl), random) : tx;
    const signed = encodePlanned(crafted, signingFor(machine, world, nanos));
    const bytes = crafted === tx || random.chance(10) ? mutateBytes(signed, random) : signed;
    try {
      decodeTx(bytes, machine.router.registry);
    } catch (error) {
      if (!(error instanceof TxDecodeError || error instanceof TxError)) throw error;
    }
    machine.checkTx(bytes, false);
    machine.checkTx(bytes, true);
    machine.simulate(bytes);
    machine.processProposal({ ...empty, txs: [bytes] });
    const { writes, result } = replica.trial({ ...empty, txs: [bytes] });
    const [own] = result.txResults;
    if (own!.code === 0) return;
    const fault = traceFault(replica.store.latest(), nothing, writes, own!);
    if (fault !== undefined) throw new Error(`a transaction failed (${own!.codespace} ${own!.code}: ${own!.log}) and still ${fault}: ${toBase64(bytes)}`);
  };
}

/** The same transaction with strange fields, signed as it is: it gets past the signatures. */
function craft(tx: PlannedTx, find: (typeUrl: string) => BoundMessage | undefined, random: ReturnType<typeof seeded>): PlannedTx {
  const { fault: _, ...rest } = tx;
  return changed(rest, find, (message) => mutateFields(message, random, 5));
}

/** The transaction with other fields in its messages, where they can be encoded. */
function changed(tx: PlannedTx, find: (typeUrl: string) => BoundMessage | undefined, change: (message: object) => unknown): PlannedTx {
  const messages = tx.messages.map(([typeUrl, value]): readonly [string, string] => {
    const bound = find(typeUrl);
    if (bound === undefined) return [typeUrl, value];
    const type = bound.request as unknown as { decode(bytes: Uint8Array): object; fromPartial(message: object): object; encode(message: unknown): { finish(): Uint8Array } };
    try {
      return [typeUrl, toBase64(type.encode(type.fromPartial(change(type.decode(fromBase64(value))) as object)).finish())];
    } catch {
      // Some values cannot be encoded, and so cannot be sent.
      return [typeUrl, value];
    }
  });
  return { ...tx, messages };
}

/** One address has two texts, lower and upper case. A message that is taken with the other one does what it does with the first. */
export function spellingTarget(state: LastState): Target {
  const { machine } = state.replica;
  return otherWay(state, "with its addresses in upper case", (tx) => changed(tx, (typeUrl) => machine.router.message(typeUrl), inUpperCase));
}

/** What an account may do itself it may do through MsgExec, too, and nothing else. */
export function doorTarget(state: LastState): Target {
  return otherWay(state, "in a MsgExec of its signer", (tx) => {
    const [grantee, second] = tx.signers;
    if (grantee === undefined || second !== undefined) return tx;
    const msgs = tx.messages.map(([typeUrl, value]) => ({ typeUrl, value: fromBase64(value) }));
    return { ...tx, messages: [plannedMessage(anyOf(MsgExec, { grantee, msgs }))] };
  });
}

/** A transaction that is taken in another form does what it does in the usual one: no rule is missing there. */
function otherWay({ replica, world, generator, nanos }: LastState, how: string, make: (tx: PlannedTx) => PlannedTx): Target {
  const { machine } = replica;
  const ctx = machine.queryContext();
  const empty: BlockRequest = { height: ctx.height + 1n, timeNanos: nanos, proposer: new Uint8Array(20), txs: [], lastCommit: undefined, misbehavior: [] };
  return (label) => {
    const { fault: _, memo: __, ...tx } = generator.transaction(ctx, label) ?? { messages: [], signers: [], gas: "0", fee: "0" };
    const changedTx = make(tx);
    if (JSON.stringify(changedTx) === JSON.stringify(tx)) return;
    const signing = signingFor(machine, world, nanos);
    const [usual, other] = [tx, changedTx].map((one) => replica.trial({ ...empty, txs: [encodePlanned(one, signing)] })) as [Trial, Trial];
    if (other.result.txResults[0]!.code !== 0) return;
    const [{ code, codespace, log }] = usual.result.txResults as [ExecTxResult];
    const what = tx.messages.map(([typeUrl]) => typeUrl).join(", ");
    if (code !== 0) throw new Error(`${what} is refused (${codespace} ${code}: ${log}), and taken ${how}`);
    const fault = changeFault(usual.writes, other.writes);
    if (fault !== undefined) throw new Error(`${what} ${how} ${fault}`);
  };
}

type Trial = ReturnType<LastState["replica"]["trial"]>;

/** The sentence that says where two blocks write different things. */
function changeFault(usual: ChangeSet, other: ChangeSet): string | undefined {
  const text = (changes: ChangeSet): Map<string, string> => new Map(changes.flatMap(([store, entries]) => entries.map(([key, value]) => [`${store} ${toHex(key)}`, value === undefined ? "nothing" : toHex(value)] as const)));
  const [a, b] = [text(usual), text(other)];
  for (const key of new Set([...a.keys(), ...b.keys()])) if (a.get(key) !== b.get(key)) return `writes ${b.get(key) ?? "not"} to ${key} instead of ${a.get(key) ?? "not"}`;
  return undefined;
}

function inUpperCase(value: unknown): unknown {
  if (typeof value === "string") return Object.values(prefixes).some((prefix) => isAddress(value, prefix)) ? value.toUpperCase() : value;
  if (Array.isArray(value)) return value.map(inUpperCase);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, inUpperCase(field)]));
}

/** Queries with strange fields: an answer or a QueryError. */
export function queryTarget({ replica }: LastState): Target {
  const { machine } = replica;
  const paths = machine.router.queryPaths;
  return (label) => {
    const random = seeded(`query ${label}`);
    const path = random.pick(paths);
    const type = machine.router.query(path)!.request as unknown as { fromPartial(message: object): object; encode(message: unknown): { finish(): Uint8Array } };
    let bytes: Uint8Array;
    try {
      bytes = type.encode(type.fromPartial(mutateFields(withPage(type.fromPartial({})), random, 50) as object)).finish();
    } catch {
      return;
    }
    if (random.chance(20)) bytes = mutateBytes(bytes, random);
    try {
      machine.query(path, bytes);
    } catch (error) {
      if ((error as Error).name !== "QueryError") throw new Error(`${path} ended in ${String(error)} on ${toBase64(bytes)}`, { cause: error });
    }
  };
}

function withPage(request: object): object {
  return "pagination" in request ? { ...request, pagination: { key: new Uint8Array(3), offset: 1n, limit: 2n, countTotal: true, reverse: false } } : request;
}

/** A damaged genesis is read, or refused with a GenesisError. */
export function genesisTarget({ replica }: LastState): Target {
  const { machine } = replica;
  const state = writeGenesis(machine.exportGenesis(0), machine.modules);
  const names = Object.keys(state);
  return (label) => {
    const random = seeded(`genesis ${label}`);
    const name = random.pick(names);
    const damaged = random.chance(10) ? mutateJson({ [name]: state[name] }, random, 2) : { [name]: mutateJson(state[name], random, random.pick([1, 3, 10])) };
    let bytes = appStateBytes(damaged);
    if (random.chance(10)) bytes = mutateBytes(bytes, random);
    try {
      readGenesis(bytes, machine.modules);
    } catch (error) {
      if (!(error instanceof GenesisError)) throw new Error(`reading section ${name} ended in ${String(error)}: ${new TextDecoder().decode(bytes).slice(0, 500)}`, { cause: error });
    }
  };
}

/** Runs a random program of the refereed machine on the worker's translator and by its definition: state and memory must be equal at every stop. */
export function engineTarget(): Target {
  return (label) => compareEngines(Buffer.from(sha256(utf8(label))).readInt32LE());
}
