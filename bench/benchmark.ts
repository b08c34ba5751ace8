/** The shape of every benchmark: figures with units, what they were made with, and the versions they hold for. */
import { cpus, totalmem } from "node:os";

export interface Figure {
  /** As in `warm_tx_per_s`; the unit stands in the name where it is not a ratio. */
  readonly name: string;
  readonly unit: string;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface Result {
  readonly name: string;
  readonly figures: readonly Figure[];
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
}

export interface RunOptions {
  /** Counted runs of each measurement; the median of them is what to quote. */
  readonly runs: number;
  /** Smaller sizes, to see that it works. */
  readonly quick: boolean;
  /** Measure the Cosmos SDK chain of `bench/peer` beside it. */
  readonly peer: boolean;
  readonly progress: (message: string) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly description: string;
  /** Can be run beside the peer. */
  readonly hasPeer?: boolean;
  run(options: RunOptions): Promise<Result>;
}

/** Minimum, median and maximum of the samples. */
export function figure(name: string, unit: string, samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  return { name, unit, min: sorted[0] ?? NaN, median: sorted[sorted.length >> 1] ?? NaN, max: sorted[sorted.length - 1] ?? NaN };
}

/** The machine a figure was made on: absolute figures mean nothing without it. */
export function machine(): Record<string, string> {
  return { node: process.versions.node, v8: process.versions.v8, cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`, memory_gib: (totalmem() / 2 ** 30).toFixed(0) };
}
