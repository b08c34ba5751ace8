/** Events of blocks as CometBFT gives them, with their attributes by name. */
import type { Connection } from "./connection.ts";

export interface RawEvent {
  readonly type: string;
  readonly attributes: readonly { readonly key: string; readonly value: string }[];
}

export interface NamedEvent {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export function readEvent({ type, attributes }: RawEvent): NamedEvent {
  return { type, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])) };
}

export interface BlockEvents {
  readonly height: number;
  /** What the chain did by itself, after the transactions. */
  readonly events: readonly NamedEvent[];
  /** What transactions did, in their order. */
  readonly ofTransactions: readonly NamedEvent[];
}

/** The blocks from `from` on, as they come. Ends when it is aborted. */
export async function* blockEvents(connection: Connection, from: number, pollMs: number, signal: AbortSignal): AsyncGenerator<BlockEvents> {
  for (let height = from; !signal.aborted; ) {
    // CometBFT's own height is a block's that may have no results yet.
    const { lastBlockHeight = 0 } = await connection.comet.abciInfo();
    for (; height <= lastBlockHeight && !signal.aborted; height++) {
      const { results, finalizeBlockEvents } = await connection.comet.blockResults(height);
      yield { height, events: finalizeBlockEvents.map(readEvent), ofTransactions: results.flatMap(({ events }) => events.map(readEvent)) };
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
