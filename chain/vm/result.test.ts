import assert from "node:assert/strict";
import { concatBytes, equalBytes, toHex } from "../codec/bytes.ts";
import { outputAt, ramDepth, regionBytes, regionDepth } from "./layout.ts";
import { MemoryTree } from "./memory-tree.ts";
import { regionRoot } from "./merkle.ts";
import { behindResult, resultOf } from "./result.ts";
import { ReusedRam } from "./testing.ts";

const reused = new ReusedRam();

describe("results with something behind them", () => {
  /** An output region with these bytes at their places, and its root. */
  function outputOf(pieces: readonly (readonly [at: number, bytes: Uint8Array])[]): { readonly serve: (size: number) => Uint8Array; readonly root: Uint8Array; readonly bytes: Uint8Array } {
    const ram = reused.clean();
    for (const [at, bytes] of pieces) ram.write(outputAt + at, bytes);
    const tree = new MemoryTree(ramDepth);
    tree.update(ram.bytes, ram.dirty.slice());
    const root = tree.node(regionDepth, outputAt / regionBytes);
    return { root, bytes: ram.bytes.subarray(outputAt), serve: (size) => concatBytes(ram.bytes.subarray(outputAt, outputAt + size), behindResult(ram.bytes, tree, root, size)) };
  }
  const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) & 0xff);

  it("VM-36: come with less than 768 bytes that hold them against the region's root, at every edge of leaves and pages", () => {
    for (const [name, behind] of [["the last byte", [[regionBytes - 1, Uint8Array.of(1)]]], ["the next byte, and far away", [[0, pattern(70_000)], [9_000_000, pattern(5)]]]] as const) {
      const { serve, root, bytes } = outputOf([[0, pattern(30)], ...behind]);
      for (const size of [1, 4, 255, 256, 257, 511, 512, 513, 4_095, 4_096, 4_097, 65_536, 69_999, 1 << 20, (1 << 20) + 1]) {
        const served = serve(size);
        assert.ok(served.length > size && served.length < size + 768, `${name}: ${served.length} bytes for ${size}`);
        const result = resultOf(served, size, root);
        assert.ok(result !== undefined && equalBytes(result, bytes.subarray(0, size)), `${name}, ${size}`);
      }
    }
  });

  it("VM-36: are served as they are where all behind is zero, or where they fill the region; an empty one needs nothing", () => {
    const { serve, root } = outputOf([[0, pattern(5_000)]]);
    for (const size of [5_000, 5_001, 6_000, regionBytes]) {
      assert.equal(serve(size).length, size);
      assert.equal(resultOf(serve(size), size, root)?.length, size);
    }
    assert.deepEqual([serve(0).length, resultOf(new Uint8Array(0), 0, root)?.length, resultOf(Uint8Array.of(1), 0, root)], [0, 0, undefined]);
  });

  it("VM-36: nothing else passes for them: another byte, size or root, less or more", () => {
    const { serve, root } = outputOf([[0, pattern(3_000)]]);
    const size = 1_000;
    const served = serve(size);
    assert.ok(resultOf(served, size, root) !== undefined);
    for (const at of [0, 255, 256, 999, 1_000, 1_023, 1_024, served.length - 1]) assert.equal(resultOf(served.with(at, served[at]! ^ 1), size, root), undefined, String(at));
    for (const wrong of [served.subarray(0, size), served.subarray(0, -1), served.subarray(0, -32), concatBytes(served, new Uint8Array(32)), new Uint8Array(0)]) assert.equal(resultOf(wrong, size, root), undefined);
    assert.equal(resultOf(served, size, regionRoot(served)), undefined);
    // The same bytes prove each size within their last leaf: which one it is says a0, in the state.
    for (const other of [768, 1_025]) assert.equal(resultOf(served, other, root), undefined);
    assert.equal(toHex(resultOf(served, 1_001, root)!), toHex(served.subarray(0, 1_001)));
  });
});
