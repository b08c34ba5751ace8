/** The messages of one market round as benchmarks send them: a provider's ask, a consumer's bid for one task, what the task's worker sends. */
import { Comparator, Term, TimeInForce, VerificationLevel, type Result } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgCommitResult, MsgPlaceAsk, MsgPlaceBid, MsgRevealResult, MsgStartTask } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { MsgRegisterProvider } from "../chain/codec/gen/dcm/staking/v1/tx.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { utf8 } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { commitmentOf } from "../chain/modules/market/commitment.ts";
import { anyOf, type TestAccount } from "../test/support/accounts.ts";

const classId = "wasm.core";
const salt = sha256(utf8("salt"));
const url = "http://127.0.0.1:1";
const result: Result = { digest: sha256(utf8("result")), size: 10n, meter: 1_000_000_000n, blob: { digest: sha256(utf8("blob")), size: 10n }, url, final: undefined };

/** `i` tells them apart: their names and, in `ask`, their prices of 100 to 149 for a lot, where no other is said. */
export function registration(provider: TestAccount, i: number, denom: string): Any {
  const profile: MsgRegisterProvider["profile"] = { moniker: `p${i}`, endpoints: [url], encryptionKey: Uint8Array.of(9, ...new Uint8Array(31)), attributes: [], organization: "" };
  return anyOf(MsgRegisterProvider, { operator: provider.text, profile, bond: { denom, amount: "100000000000" } });
}

export function ask(provider: TestAccount, i: number, quoteDenom: string, { basePrice = BigInt(100 + (i % 50)), units = 1 } = {}): Any {
  return anyOf(MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider: provider.text, classId, quoteDenom, basePrice, units }));
}

/** Crosses with every ask; at a limit below 100 it rests. */
export function bid(consumer: TestAccount, quoteDenom: string, limitPrice = 500n, tasks = 1): Any {
  return anyOf(MsgPlaceBid, MsgPlaceBid.fromPartial({
    consumer: consumer.text, classId, quoteDenom, limitPrice, lots: 1n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT,
    verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, comparator: Comparator.COMPARATOR_EXACT, risk: "0",
    job: { program: { digest: salt, size: 100n }, tasks, inputRoot: salt, manifest: { digest: salt, size: 100n }, dataUrls: [url], duration: 60_000n, maxResultSize: 1_000n },
  }));
}

export const start = (worker: TestAccount, taskId: bigint): Any => anyOf(MsgStartTask, { worker: worker.text, provider: worker.text, taskId });

export const commit = (worker: TestAccount, taskId: bigint): Any =>
  anyOf(MsgCommitResult, { worker: worker.text, provider: worker.text, taskId, commitment: commitmentOf(worker.address, taskId, result, salt) });

export const reveal = (worker: TestAccount, taskId: bigint): Any => anyOf(MsgRevealResult, { worker: worker.text, provider: worker.text, taskId, result, salt });
