/** The two responses that matter for speed, encoded by hand: the same bytes as the generated code's, several times faster. */
import type { Event, ExecTxResult, ResponseCheckTx, ResponseFinalizeBlock } from "../codec/gen/tendermint/abci/types.ts";
import { ValidatorUpdate } from "../codec/gen/tendermint/abci/types.ts";
import { ConsensusParams } from "../codec/gen/tendermint/types/params.ts";
import type { EventLog } from "../codec/event-log.ts";
import { ReverseWriter } from "./reverse-writer.ts";
import { unindexedByName, type Unindexed } from "./unindexed.ts";

/** A guess that spares most growth: a result without events, and one event of a transfer. */
const RESULT_BYTES = 128;
/** A check that passed: code and gas. So few bytes lie on the JavaScript heap. */
const CHECK_BYTES = 48;
const EVENT_BYTES = 160;

const allIndexed = unindexedByName([]);

export function encodeCheckTx(response: ResponseCheckTx): Uint8Array {
  const writer = new ReverseWriter(CHECK_BYTES + response.log.length + response.data.length + EVENT_BYTES * eventCount(response));
  writer.string(8, response.codespace);
  writeResult(writer, response, allIndexed);
  return writer.finish();
}

/** A block's results; attributes that `unindexed` names are not marked for the index. */
export function encodeFinalizeBlock(response: ResponseFinalizeBlock & { readonly unindexed?: Unindexed }): Uint8Array {
  const unindexed = response.unindexed ?? allIndexed;
  let capacity = RESULT_BYTES + EVENT_BYTES * response.events.length;
  for (const result of response.txResults) capacity += RESULT_BYTES + EVENT_BYTES * eventCount(result);
  const writer = new ReverseWriter(capacity);
  writer.bytes(5, response.appHash);
  if (response.consensusParamUpdates !== undefined) writer.bytesAlways(4, ConsensusParams.encode(response.consensusParamUpdates).finish());
  for (let i = response.validatorUpdates.length - 1; i >= 0; i--) writer.bytesAlways(3, ValidatorUpdate.encode(response.validatorUpdates[i]!).finish());
  for (let i = response.txResults.length - 1; i >= 0; i--) {
    const from = writer.length;
    const result = response.txResults[i]!;
    writer.string(8, result.codespace);
    writeResult(writer, result, unindexed);
    writer.nested(2, from);
  }
  writeEvents(writer, 1, response.events, unindexed);
  return writer.finish();
}

/** A result may carry its events as a log, in place of objects. */
interface Result extends Omit<ExecTxResult, "codespace"> {
  readonly emitted?: EventLog;
}

function eventCount({ events, emitted }: Result): number {
  return emitted === undefined ? events.length : emitted.count;
}

/** Fields 7 to 1, which CheckTx's response and a transaction's result share. */
function writeResult(writer: ReverseWriter, result: Result, unindexed: Unindexed): void {
  if (result.emitted === undefined) writeEvents(writer, 7, result.events, unindexed);
  else writeLog(writer, 7, result.emitted, unindexed);
  writer.int64(6, result.gasUsed);
  writer.int64(5, result.gasWanted);
  writer.string(4, result.info);
  writer.string(3, result.log);
  writer.bytes(2, result.data);
  writer.uint32(1, result.code);
}

function writeEvents(writer: ReverseWriter, field: number, events: readonly Event[], unindexed: Unindexed): void {
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]!;
    const from = writer.length;
    for (let j = event.attributes.length - 1; j >= 0; j--) {
      const { key, value, index } = event.attributes[j]!;
      const start = writer.length;
      writer.bool(3, index && !unindexed.has(event.type, key, value));
      writer.string(2, value);
      writer.string(1, key);
      writer.nested(2, start);
    }
    writer.string(1, event.type);
    writer.nested(field, from);
  }
}

/** The same bytes, from a log, whose attributes are all meant for the index. */
function writeLog(writer: ReverseWriter, field: number, { parts, shared }: EventLog, unindexed: Unindexed): void {
  for (let end = parts.length; end > 0; ) {
    const start = end - 2 - 2 * (parts[end - 2] as number);
    const from = writer.length;
    const type = parts[end - 1] as string;
    for (let i = shared.length - 4; i >= 0; i -= 4) {
      if ((shared[i] as number) <= start && end <= (shared[i + 1] as number)) writeAttribute(writer, type, shared[i + 2] as string, shared[i + 3] as string, unindexed);
    }
    for (let i = end - 4; i >= start; i -= 2) writeAttribute(writer, type, parts[i] as string, parts[i + 1] as string, unindexed);
    writer.string(1, type);
    writer.nested(field, from);
    end = start;
  }
}

function writeAttribute(writer: ReverseWriter, type: string, key: string, value: string, unindexed: Unindexed): void {
  const start = writer.length;
  writer.bool(3, !unindexed.has(type, key, value));
  writer.string(2, value);
  writer.string(1, key);
  writer.nested(2, start);
}
