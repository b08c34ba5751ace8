import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createApp } from "../../chain/app.ts";
import { toBase64 } from "../../chain/codec/bytes.ts";
import { MsgExec } from "../../chain/codec/gen/cosmos/authz/v1beta1/tx.ts";
import type { ExecTxResult } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { sdkErrors, type ErrorKind } from "../../chain/runtime/errors.ts";
import { gasPrices } from "../../chain/runtime/gas.ts";
import type { BlockRequest, BlockResult, Machine } from "../../chain/runtime/machine.ts";
import type { BoundMessage } from "../../chain/runtime/module.ts";
import type { ReadStores } from "../../chain/store/kv.ts";
import type { ChangeSet } from "../../chain/store/overlay.ts";
import { traceFault } from "../simulation/audit.ts";
import { neverSucceeds } from "../simulation/coverage.ts";
import { encodePlanned, plannedMessage, type PlannedTx } from "../simulation/plan.ts";
import type { LocalReplica } from "../simulation/replica.ts";
import { signingFor } from "../simulation/signing.ts";
import { simulate, type LastState } from "../simulation/simulation.ts";
import { appModules, governance, governor } from "../simulation/world.ts";
import { anyOf } from "../support/accounts.ts";
import { spoil, type Spoilt } from "./bad-input.ts";

type Registered = ReadonlySet<string>;

/** Tries, in each state, for a message that is taken as it is. */
const tries = 12;
/** Runs whose states are looked at block by block, until each message was found in one where it is taken as it is. */
const [mostRuns, blocks] = [24, 70];
/** Types that no transaction brings to success, and why. */
const neverTaken: Readonly<Record<string, string>> = { ...neverSucceeds, "/dcm.beacon.v1.MsgBeaconReveal": "a block's proposer places it" };
/** What a transaction wants, and what a refused one has paid at least: for each of its bytes, and for its signature. */
const [gasWanted, gasPerByte, gasPerSignature] = [3_000_000, gasPrices.txSizePerByte, gasPrices.verifySecp256k1];
/** Codes of sdk in front of the fee: no transaction, another number of signers, no address, no account, too many signers or none. */
const unpaid: readonly number[] = [2, 4, 7, 9, 14, 15];

interface Tally {
  refused: number;
  taken: number;
  readonly fields: number;
  readonly errors: Set<string>;
}

describe("bad input", function () {
  this.timeout(600_000);

  it("in any one field of any message is refused with an error of its own or done, leaves no trace where it is refused, and pays for its bytes and for what it reads", async () => {
    const registered = await registeredErrors();
    const tallies = new Map<string, Tally>();
    const all = appModules().flatMap((module) => module.messages.map(({ typeUrl }) => typeUrl)).filter((typeUrl) => !(typeUrl in neverTaken)).sort();
    let left: readonly string[] = all;
    for (let run = 1; run <= mostRuns && left.length > 0; run++) {
      await simulate({ seed: `spoilt ${run}`, blocks, audits: 0, roundTrip: false, alone: true, onState: (state) => { left = inspect(state, left, tallies, registered); } });
    }
    assert.deepEqual(left, [], "no run came to a state that takes these");
    for (const typeUrl of all) {
      const { refused, taken, fields, errors } = tallies.get(typeUrl)!;
      // What has no field but its signer the state may take as often as it comes, however the address is written.
      if (refused === 0 && fields === 1) continue;
      assert.ok(refused > 0 && errors.size > 0, `nothing of ${typeUrl} was refused, ${taken} were taken`);
      assert.ok(typeUrl.startsWith("/cosmos.") || [...errors].some((error) => !error.startsWith("sdk ")), `${typeUrl} is refused with nothing but ${[...errors].join(", ")}`);
    }
  });
});

/** Codespace and code of every error that a module defines. */
async function registeredErrors(): Promise<Registered> {
  const chain = new URL("../../chain/", import.meta.url);
  const files = readdirSync(chain, { recursive: true, encoding: "utf8" }).filter((file) => /^(?:modules|runtime)\/(?:.*\/)?errors\.ts$/.test(file));
  const tables = await Promise.all(files.map(async (file) => Object.values(await import(new URL(file, chain).href) as Record<string, unknown>)));
  const kinds = tables.flat().flatMap((table) => (typeof table === "object" && table !== null ? Object.values(table as Record<string, Partial<ErrorKind>>) : []));
  return new Set(kinds.filter((kind) => kind.codespace !== undefined).map(({ codespace, code }) => `${codespace} ${code}`));
}

/** Executes blocks on a replica's state that are never committed, without its invariants, and counts what they read. */
class CountingMachine {
  readonly #machine: Machine;
  #work = 0;
  #writes: ChangeSet = [];

  constructor({ store }: LocalReplica) {
    const never = (what: string, cause: unknown): never => {
      throw new Error(what, { cause });
    };
    this.#machine = createApp({
      strict: true, minGasPrices: [], report: never,
      store: {
        version: store.version, appHash: store.appHash, latest: () => this.#counted(store.latest()), at: (version) => store.at(version),
        prepare: (_, writes) => {
          this.#writes = writes.changes();
          return new Uint8Array(32);
        },
        commit: () => undefined,
      },
    });
  }

  run(block: BlockRequest): { readonly result: BlockResult; readonly writes: ChangeSet; readonly work: number } {
    this.#work = 0;
    const result = this.#machine.finalizeBlock(block);
    return { result, writes: this.#writes, work: this.#work };
  }

  /** Every read and every entry that an iteration passes counts as one. */
  #counted(stores: ReadStores): ReadStores {
    const read = <T>(value: T): T => {
      this.#work++;
      return value;
    };
    return {
      store: (name) => {
        const inner = stores.store(name);
        return {
          get: (key) => read(inner.get(key)),
          has: (key) => read(inner.has(key)),
          *iterate(start, end, reverse) { for (const entry of inner.iterate(start, end, reverse)) yield read(entry); },
        };
      },
    };
  }
}

/** Spoils the messages that this state takes as they are; gives the types that it does not take. */
function inspect(state: LastState, typeUrls: readonly string[], tallies: Map<string, Tally>, registered: Registered): string[] {
  const { replica, world, nanos } = state;
  const { machine } = replica;
  const empty: BlockRequest = { height: machine.queryContext().height + 1n, timeNanos: nanos, proposer: new Uint8Array(20), txs: [], lastCommit: undefined, misbehavior: [] };
  // Its invariants hold: so they do behind a transaction that leaves no trace.
  replica.trial(empty);
  const counting = new CountingMachine(replica);
  // The first run reads what later ones know already.
  counting.run(empty);
  const nothing = counting.run(empty);
  const signing = signingFor(machine, world, nanos);
  const others = world.accounts.slice(0, 3).map(({ text }) => text);
  return typeUrls.filter((typeUrl) => {
    const bound = machine.router.message(typeUrl)!;
    const sample = sampleOf(state, bound);
    if (sample === undefined) return true;
    const tally: Tally = { refused: 0, taken: 0, fields: Object.keys(sample).length, errors: new Set() };
    tallies.set(typeUrl, tally);
    for (const spoilt of [...spoil(sample, others), { message: sample, what: "itself twice", path: [], count: 2 }]) {
      const { message, what, count } = spoilt;
      const planned = plannedOf(bound, message, count);
      if (planned === undefined) continue;
      const bytes = encodePlanned(planned, signing);
      judge(machine.simulate(bytes), { typeUrl, bytes, spoilt, registered }, tally);
      // The whole way: signed and executed. What is taken once more with all invariants.
      const block = { ...empty, txs: [bytes] };
      const { result: { txResults: [own] }, writes, work } = counting.run(block);
      if (own!.code === 0) {
        replica.trial(block);
        continue;
      }
      const fault = traceFault(replica.store.latest(), nothing.writes, writes, own!);
      assert.equal(fault, undefined, `${typeUrl} with ${what} is refused (${own!.log}) and still ${fault ?? ""}: ${toBase64(bytes)}`);
      // One charge may go beyond what the transaction wants; the work that it is for is not done.
      const gas = Number(own!.gasUsed);
      assert.ok(gas <= gasWanted || (own!.codespace === "sdk" && own!.code === sdkErrors.outOfGas.code), `${typeUrl} with ${what} uses ${gas} of ${gasWanted} gas: ${own!.log}`);
      assert.ok((work - nothing.work) * gasPrices.readFlat <= Math.min(gas, gasWanted), `${typeUrl} with ${what} is refused after ${work - nothing.work} reads, for ${gas} gas: ${own!.log}`);
    }
    return false;
  });
}

/** A message that is taken as it is; nothing where this state has none. */
function sampleOf({ replica: { machine }, world, generator, nanos }: LastState, bound: BoundMessage): object | undefined {
  const signing = signingFor(machine, world, nanos);
  const ctx = machine.queryContext();
  for (let i = 0; i < tries; i++) {
    const message = generator.message(ctx, bound.typeUrl, `sample ${ctx.height} ${i}`)?.message;
    const planned = message === undefined ? undefined : plannedOf(bound, message);
    if (planned !== undefined && machine.simulate(encodePlanned(planned, signing)).code === 0) return message;
  }
  return undefined;
}

/** A transaction of this message alone, or of so many of it; undefined where nobody can send it: it has no encoding, or its signer is no address. */
function plannedOf(bound: BoundMessage, message: object, count = 1): PlannedTx | undefined {
  try {
    const value = bound.request.encode((bound.request as unknown as { fromPartial(value: object): unknown }).fromPartial(message)).finish();
    const signers = [...new Set(bound.handler.signers(message).map((one) => one.toLowerCase()))];
    const messages = Array.from({ length: count }, () => ({ typeUrl: bound.typeUrl, value }));
    // What only the governance account may send comes from whom it has granted that: it has no key itself.
    if (signers.length === 1 && signers[0] === governance) return { messages: [plannedMessage(anyOf(MsgExec, { grantee: governor.text, msgs: messages }))], signers: [governor.text], gas: String(gasWanted), fee: "0" };
    return { messages: messages.map(plannedMessage), signers, gas: String(gasWanted), fee: "0" };
  } catch {
    return undefined;
  }
}

interface Case {
  readonly typeUrl: string;
  readonly bytes: Uint8Array;
  readonly spoilt: Spoilt;
  readonly registered: Registered;
}

function judge({ code, codespace, log, gasUsed }: ExecTxResult, { typeUrl, bytes, spoilt, registered }: Case, tally: Tally): void {
  const what = `${typeUrl} with ${spoilt.what}`;
  if (code === 0) {
    tally.taken++;
    return;
  }
  tally.refused++;
  const error = `${codespace} ${code}`;
  tally.errors.add(error);
  // The SDK refuses some parameters without a code, and repeats what it was given.
  const ofSdk = typeUrl.startsWith("/cosmos.");
  assert.ok(registered.has(error) || (ofSdk && error === "undefined 1"), `${what} ends in no error of a module: ${error}: ${log}`);
  assert.ok(log.length > 10 && log.length < (ofSdk ? 1_000 + 3 * bytes.length : 1_000), `${what} is refused in ${log.length} characters: ${log.slice(0, 200)}`);
  // What does not decode, or names no signer, was never charged: nobody includes it.
  if (codespace === "sdk" && unpaid.includes(code)) return;
  assert.ok(gasUsed >= BigInt(gasPerByte * bytes.length + gasPerSignature), `${what} is refused for ${gasUsed} gas, it has ${bytes.length} bytes`);
  assert.ok(ofSdk || names(log, typeUrl, spoilt), `${what} is refused with words that name neither the field nor the thing: ${log}`);
}

/** Whether an error's text names a field of the message, what one of them says, the thing that it is about, the balance that is too small for it, or the account that it puts in the signer's place. */
function names(log: string, typeUrl: string, { message, path }: Spoilt): boolean {
  if (log.includes("spendable balance ") || log.includes("account sequence mismatch") || (path.length > 0 && log.split(/\W/).includes(path.at(-1)!))) return true;
  const said = log.replace("message index", "").toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  // Of MsgPlaceBid: the bid.
  const things = (/[^.]+$/.exec(typeUrl)![0].match(/[A-Z][a-z]+/g) ?? []).slice(2);
  return [...things, ...spelt(message)].some((word) => word.length > 2 && said.includes(word.toLowerCase().replaceAll(/[^a-z0-9]/g, "")));
}

/** The names and texts of a message's fields. */
function spelt(value: unknown): string[] {
  if (typeof value === "string") return [value.slice(0, 80)];
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).slice(0, 50).flatMap(([name, field]) => [...(Array.isArray(value) ? [] : [name, ...(name.match(/[A-Za-z][a-z]{2,}/g) ?? [])]), ...spelt(field)]);
}
