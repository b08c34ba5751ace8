/** The registry of capacity classes. */
import { CapacityClass, Meter } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert, fail } from "../../runtime/errors.ts";
import { atMost, checkClassId, maxPrice, size, textAtMost } from "./checks.ts";
import { errors } from "./errors.ts";
import { emit } from "./events.ts";
import { inRange } from "./params.ts";
import { classes } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { Random } from "../../runtime/module.ts";

/** One core that runs WebAssembly, metered by work. */
export function wasmCore(): CapacityClass {
  return CapacityClass.fromPartial({
    id: "wasm.core", resources: { cpuMilli: 1_000, memoryBytes: 256n << 20n, storageBytes: 1n << 30n }, runtimes: ["wasm"], meter: Meter.METER_WORK,
    meterPerLot: 1_000_000_000n, weightsVersion: 1, tick: 1n, minBondPerUnit: 1_000_000n, maxLots: 1_000_000n,
    // The slowest program measured, all cache misses, takes 19 s; ordinary ones 0.25 to 1.3 s (worker/README.md). Three times that is left until the commitment is late.
    maxLotMs: 20_000n,
  });
}

/** One core that runs the refereed machine: what it says can be disputed down to one instruction. */
export function rv32Core(): CapacityClass {
  // The slowest programs measured, all cache misses, take 30 s for a lot; ordinary ones 0.05 s (worker/README.md). Lots are a tenth of those of wasm.core, so that small tasks declare little and can be challenged for no longer than that takes.
  return CapacityClass.fromPartial({ ...wasmCore(), id: "rv32.core", runtimes: ["rv32"], meterPerLot: 100_000_000n, maxLotMs: 30_000n });
}

/** Milliseconds in a lot of `time`. */
export const timeLot = 60_000n;

/** A small share of a machine by the minute, for services. */
export function cpuSmall(): CapacityClass {
  return CapacityClass.fromPartial({
    id: "cpu.x64.small", resources: { cpuMilli: 1_000, memoryBytes: 256n << 20n, storageBytes: 1n << 30n }, runtimes: ["wasm"], meter: Meter.METER_TIME,
    meterPerLot: timeLot, weightsVersion: 1, tick: 1n, minBondPerUnit: 1_000_000n, maxLots: 1_000_000n, maxLotMs: timeLot,
  });
}

/** Fails where the class contradicts itself. */
export function checkClass(given: CapacityClass | undefined): CapacityClass {
  if (given === undefined) fail(errors.invalidField, { field: "class", value: "missing", limit: "given" });
  checkClassId(given.id);
  if (given.meter !== Meter.METER_WORK && given.meter !== Meter.METER_TIME) fail(errors.notServed, { field: "class.meter", value: "unspecified" });
  if (given.meter === Meter.METER_TIME) inRange("class.meter_per_lot, of time,", given.meterPerLot, timeLot, timeLot);
  inRange("class.meter_per_lot", given.meterPerLot, 1n, 1n << 50n);
  inRange("class.tick", given.tick, 1n, maxPrice);
  inRange("class.min_bond_per_unit", given.minBondPerUnit, 0n, 1n << 60n);
  inRange("class.max_lots", given.maxLots, 1n, 1n << 40n);
  inRange("class.max_lot_ms", given.maxLotMs, 1n, 1n << 32n);
  atMost("class.runtimes", given.runtimes.length, 16, "names");
  for (const runtime of given.runtimes) textAtMost("class.runtimes", runtime, 64);
  if (given.conformanceDigest.length !== 0) size("class.conformance_digest", given.conformanceDigest, 32);
  return given;
}

/** A class with this meter, where there is one, or with any; for simulations. */
export function anyClass(ctx: Context, random: Random, meter?: Meter): readonly [string, CapacityClass] | undefined {
  const known = Array.from(classes.entries(ctx)).filter(([, one]) => meter === undefined || one.meter === meter);
  return known.length === 0 ? undefined : random.pick(known);
}

export function saveClass(ctx: Context, next: CapacityClass): void {
  const known = classes.find(ctx, next.id);
  if (known !== undefined && known.meter !== next.meter) fail(errors.classFixed, { field: "meter" });
  if (known !== undefined && known.meterPerLot !== next.meterPerLot) fail(errors.classFixed, { field: "meter_per_lot" });
  classes.set(ctx, next.id, next);
  emit(ctx, "EventClassSet", { class_id: next.id, tick: next.tick, min_bond_per_unit: next.minBondPerUnit, max_lots: next.maxLots, max_lot_ms: next.maxLotMs, closed: String(next.closed) });
}

/** Of one lot: milliseconds where the class is metered by time. */
export function meterOf(ctx: Context, classId: string): bigint {
  const capacity = classes.find(ctx, classId);
  assert(capacity !== undefined, `class ${classId} is missing`);
  return capacity.meterPerLot;
}
