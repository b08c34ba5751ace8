import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { encodeBundle } from "../bundle.ts";
import { runHere, task, wat } from "../testing.ts";
import { Clock } from "./clock.ts";
import { errno, Guest } from "./guest.ts";

function clock() {
  const guest = new Guest();
  const memory = { buffer: new ArrayBuffer(65_536) };
  const fuel = { value: 1n << 40n };
  guest.attach(memory, fuel);
  const wasi = new Clock(guest).calls() as unknown as Record<string, (...args: (number | bigint)[]) => number>;
  const view = new DataView(memory.buffer);
  const now = (): bigint => {
    assert.equal(wasi.clock_time_get!(1, 0n, 0), errno.ok);
    return view.getBigUint64(0, true);
  };
  /** Types and timeouts; 0 is a clock. */
  const subscribe = (...all: (readonly [type: number, timeout: bigint, flags?: number])[]): void => all.forEach(([type, timeout, flags = 0], i) => {
    view.setBigUint64(1_000 + 48 * i, BigInt(i + 7), true);
    view.setUint8(1_008 + 48 * i, type);
    view.setBigUint64(1_024 + 48 * i, timeout, true);
    view.setUint16(1_040 + 48 * i, flags, true);
  });
  const poll = (n: number): { readonly userdata: bigint; readonly type: number }[] => {
    assert.equal(wasi.poll_oneoff!(1_000, 4_000, n, 0), errno.ok);
    return Array.from({ length: view.getUint32(0, true) }, (_, i) => ({ userdata: view.getBigUint64(4_000 + 32 * i, true), type: view.getUint8(4_010 + 32 * i) }));
  };
  return { wasi, fuel, now, subscribe, poll };
}

describe("time in a run with files", () => {
  it("goes by work, a nanosecond for each weighted instruction, and never stands at 0", () => {
    const { now, fuel, wasi } = clock();
    const begin = now();
    assert.ok(begin > 0n);
    fuel.value -= 1_000_000n;
    const passed = now() - begin;
    assert.ok(passed >= 1_000_000n && passed < 1_010_000n, String(passed));
    assert.equal(wasi.clock_time_get!(4, 0n, 0), errno.inval);
    assert.equal(wasi.clock_time_get!(0, 0n, 65_530), errno.fault);
  });

  it("goes on by what is slept, and rings for whoever is due by then", () => {
    const { now, subscribe, poll } = clock();
    const begin = now();
    subscribe([0, 5_000_000_000n], [0, 1_000_000_000n], [0, 1_000_000_000n]);
    assert.deepEqual(poll(3), [{ userdata: 8n, type: 0 }, { userdata: 9n, type: 0 }]);
    const passed = now() - begin;
    assert.ok(passed >= 1_000_000_000n && passed < 1_001_000_000n, String(passed));
    subscribe([0, begin, 1]);
    assert.equal(poll(1).length, 1, "a moment that has passed");
    assert.ok(now() - begin < 1_002_000_000n);
  });

  it("waits for no descriptor, and takes no subscription that is none", () => {
    const { subscribe, poll, wasi, now } = clock();
    subscribe([0, 1_000_000_000_000n], [1, 0n], [2, 0n]);
    assert.deepEqual(poll(3), [{ userdata: 8n, type: 1 }, { userdata: 9n, type: 2 }]);
    assert.ok(now() < 1_000_000n);
    assert.equal(wasi.poll_oneoff!(1_000, 4_000, 0, 0), errno.inval);
    assert.equal(wasi.poll_oneoff!(1_000, 4_000, 1_025, 0), errno.inval);
    assert.equal(wasi.poll_oneoff!(65_500, 4_000, 1, 0), errno.fault);
    subscribe([0, (1n << 64n) - 1n]);
    assert.equal(poll(1).length, 1);
  });

  it("stands still in a run without files", () => {
    const module = wat(`(module
      (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
      (import "dcm" "output_write" (func $output (param i32 i32)))
      (memory (export "memory") 1)
      (func (export "run") (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 0))) (call $output (i32.const 0) (i32.const 8))))`);
    assert.deepEqual(runHere(task(module)).output, new Uint8Array(8));
    assert.notDeepEqual(runHere(task(module, { files: true, input: encodeBundle({ argv: [], env: {}, entries: [] }) })).output.subarray(-16), new Uint8Array(16));
  });
});
