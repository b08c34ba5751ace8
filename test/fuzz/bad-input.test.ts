import assert from "node:assert/strict";
import { toBase64 } from "../../chain/codec/bytes.ts";
import type { ExecTxResult } from "../../chain/codec/gen/tendermint/abci/types.ts";
import type { BlockRequest } from "../../chain/runtime/machine.ts";
import type { BoundMessage } from "../../chain/runtime/module.ts";
import { traceFault } from "../simulation/audit.ts";
import { encodePlanned } from "../simulation/plan.ts";
import { signingFor } from "../simulation/signing.ts";
import { simulate, type LastState } from "../simulation/simulation.ts";
import { appModules } from "../simulation/world.ts";
import { spoil } from "./bad-input.ts";

/** Messages of the market and of what stands around it. */
const packages = /^\/dcm\.(?:market|forward|channel|staking|auditor|juror|dispute|organization|session|beacon)\.v1\.Msg/;
/** Tries for a message that is taken as it is. */
const tries = 12;
/** Gas that a refused transaction has paid at least: for each of its bytes, and for its signature. */
const [gasPerByte, gasPerSignature] = [10, 1_000];

/** Runs whose states are looked at block by block, until each message was found in one where it is taken as it is. */
const [mostRuns, blocks] = [5, 25];
/** Types whose states are rare: without a longer run, not all come. */
const mostLeft = 8;
/** Never taken from a transaction: a block's proposer places it. */
const placed = "/dcm.beacon.v1.MsgBeaconReveal";

/** Codes of sdk in front of the fee: no transaction, another number of signers, no address, no account. */
const unpaid: readonly number[] = [2, 4, 7, 9];

interface Tally {
  refused: number;
  taken: number;
  readonly errors: Set<string>;
}

describe("bad input", function () {
  this.timeout(600_000);

  it("in any one field of any message is refused with an error of its own or done, leaves no trace where it is refused, and pays for its bytes", async () => {
    const tallies = new Map<string, Tally>();
    let left = appModules().flatMap((module) => module.messages.map(({ typeUrl }) => typeUrl)).filter((typeUrl) => packages.test(typeUrl) && typeUrl !== placed).sort();
    for (let run = 1; run <= mostRuns && left.length > mostLeft; run++) {
      await simulate({ seed: `bad input ${run}`, blocks, audits: 0, roundTrip: false, onState: (state) => { left = inspect(state, left, tallies); } });
    }
    assert.ok(left.length <= mostLeft, `no run came to a state that takes ${left.join(", ")}`);
    for (const [typeUrl, { refused, taken }] of tallies) assert.ok(refused + taken > 0, `nothing of ${typeUrl} was tried`);
  });
});

/** Spoils the messages that this state takes as they are; gives the types that it does not take. */
function inspect(state: LastState, typeUrls: readonly string[], tallies: Map<string, Tally>): string[] {
  const { replica, world, nanos } = state;
  const { machine } = replica;
  const empty: BlockRequest = { height: machine.queryContext().height + 1n, timeNanos: nanos, proposer: new Uint8Array(20), txs: [], lastCommit: undefined, misbehavior: [] };
  const nothing = replica.trial(empty).writes;
  const signing = signingFor(machine, world, nanos);
  const others = world.accounts.slice(0, 3).map(({ text }) => text);
  return typeUrls.filter((typeUrl) => {
    const bound = machine.router.message(typeUrl)!;
    const sample = sampleOf(state, bound);
    if (sample === undefined) return true;
    const tally: Tally = { refused: 0, taken: 0, errors: new Set() };
    tallies.set(typeUrl, tally);
    for (const { message, what } of spoil(sample, others)) {
      const signers = signersOf(bound, message);
      const any = encoded(bound, message);
      if (any === undefined || signers === undefined) continue;
      const bytes = encodePlanned({ messages: [any], signers, gas: "3000000", fee: "0" }, signing);
      judge(machine.simulate(bytes), bytes, `${typeUrl} with ${what}`, tally);
      // Now and then the whole way: signed, executed, and looked at for traces; invariants are checked behind what is taken.
      if ((tally.refused + tally.taken) % 25 !== 0) continue;
      const { writes, result } = replica.trial({ ...empty, txs: [bytes] });
      const [own] = result.txResults;
      const fault = own!.code === 0 ? undefined : traceFault(replica.store.latest(), nothing, writes, own!);
      assert.equal(fault, undefined, `${typeUrl} with ${what} is refused (${own!.log}) and still ${fault ?? ""}: ${toBase64(bytes)}`);
    }
    return false;
  });
}

/** A message that is taken as it is; nothing where this state has none. */
function sampleOf({ replica: { machine }, world, generator, nanos }: LastState, bound: BoundMessage): object | undefined {
  const signing = signingFor(machine, world, nanos);
  for (let i = 0; i < tries; i++) {
    const made = generator.message(machine.queryContext(), bound.typeUrl, `sample ${i}`);
    if (made === undefined) continue;
    const any = encoded(bound, made.message);
    if (any !== undefined && machine.simulate(encodePlanned({ messages: [any], signers: made.signers, gas: "3000000", fee: "0" }, signing)).code === 0) return made.message;
  }
  return undefined;
}

function encoded(bound: BoundMessage, message: object): readonly [string, string] | undefined {
  try {
    return [bound.typeUrl, toBase64(bound.request.encode((bound.request as unknown as { fromPartial(value: object): unknown }).fromPartial(message)).finish())];
  } catch {
    // Some values cannot be encoded, and so cannot be sent.
    return undefined;
  }
}

/** Undefined where the signer itself is no address: nobody can sign such a message. */
function signersOf(bound: BoundMessage, message: object): readonly string[] | undefined {
  try {
    return bound.handler.signers(message).map((one) => one.toLowerCase());
  } catch {
    return undefined;
  }
}

function judge({ code, codespace, log, gasUsed }: ExecTxResult, bytes: Uint8Array, what: string, tally: Tally): void {
  if (code === 0) {
    tally.taken++;
    return;
  }
  tally.refused++;
  tally.errors.add(`${codespace} ${code}`);
  assert.ok(code !== 1, `${what} ends in no error of its own: ${codespace} ${code}: ${log}`);
  assert.ok(log.length > 10 && log.length < 1_000, `${what} is refused in ${log.length} characters: ${log.slice(0, 200)}`);
  // What does not decode, or names no signer, was never charged: nobody includes it.
  if (codespace === "sdk" && unpaid.includes(code)) return;
  assert.ok(gasUsed >= BigInt(gasPerByte * bytes.length + gasPerSignature), `${what} is refused for ${gasUsed} gas, it has ${bytes.length} bytes`);
}
