import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { concatBytes } from "../codec/bytes.ts";
import { FrameError, FrameReader, varintLength, writeVarint } from "./frames.ts";

function frameOf(body: Uint8Array): Uint8Array {
  const head = new Uint8Array(varintLength(body.length));
  writeVarint(head, 0, body.length);
  return concatBytes(head, body);
}

function readAll(reader: FrameReader): number[][] {
  const frames: number[][] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push([...frame]);
  return frames;
}

describe("ABCI-1 frames", () => {
  it("ABCI-1 gives back the same frames however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 90 })), (bodies, cuts) => {
        const stream = concatBytes(...bodies.map(frameOf));
        const reader = new FrameReader();
        const seen: number[][] = [];
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          reader.push(stream.subarray(at, at + cut));
          at = Math.min(stream.length, at + cut);
          if (cut % 2 === 0) seen.push(...readAll(reader));
        }
        seen.push(...readAll(reader));
        assert.deepEqual(seen, bodies.map((body) => [...body]));
      }),
    );
  });

  it("ABCI-1 reads a frame that comes byte by byte", () => {
    const body = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    const reader = new FrameReader();
    const stream = frameOf(body);
    for (const [i] of stream.entries()) {
      assert.equal(reader.next(), undefined);
      reader.push(stream.subarray(i, i + 1));
    }
    assert.deepEqual(reader.next(), body);
    assert.equal(reader.next(), undefined);
  });

  it("ABCI-1 accepts a frame of the maximum and refuses one byte more, before its body comes", () => {
    const reader = new FrameReader(1000);
    reader.push(frameOf(new Uint8Array(1000)));
    assert.equal(reader.next()?.length, 1000);
    reader.push(Uint8Array.of(0xe9, 0x07));
    assert.throws(() => reader.next(), new FrameError("a frame announces at least 1001 bytes; the limit is 1000"));
  });

  it("ABCI-1 caps a frame at 128 MiB unless told otherwise", () => {
    const head = new Uint8Array(5);
    const reader = new FrameReader();
    reader.push(head.subarray(0, writeVarint(head, 0, 128 * 1024 * 1024 + 1)));
    assert.throws(() => reader.next(), FrameError);
  });

  it("ABCI-1 refuses a length of more than five bytes", () => {
    const reader = new FrameReader();
    reader.push(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x00));
    assert.throws(() => reader.next(), new FrameError("a frame's length takes more than 5 bytes"));
  });

  it("ABCI-1 takes memory for what has come, not for what is announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 64 }, () => {
      const reader = new FrameReader();
      const head = new Uint8Array(5);
      reader.push(head.subarray(0, writeVarint(head, 0, 128 * 1024 * 1024)));
      reader.push(new Uint8Array(100));
      assert.equal(reader.next(), undefined);
      return reader;
    });
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * readers.length * 2);
  });

  it("ABCI-1 takes time in proportion to the bytes: 32 MiB in chunks of 1 KiB", () => {
    const size = 32 * 1024 * 1024;
    const head = new Uint8Array(5);
    const reader = new FrameReader();
    const chunk = new Uint8Array(1024);
    const from = performance.now();
    reader.push(head.subarray(0, writeVarint(head, 0, size)));
    let frame: Uint8Array | undefined;
    for (let sent = 0; sent < size; sent += chunk.length) {
      reader.push(chunk);
      frame = reader.next();
    }
    assert.equal(frame?.length, size);
    assert.ok(performance.now() - from < 3000);
  });
});
