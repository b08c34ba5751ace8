import { FrameError } from "./frames.ts";

/** A request as it came: which one, and its encoded message. */
export interface OpenRequest {
  readonly field: number;
  readonly body: Uint8Array;
}

/**
 * Tells a request by its first field, without decoding it. CometBFT sends exactly one field a frame; anything else throws a
 * FrameError.
 */
export function openRequest(frame: Uint8Array): OpenRequest {
  const tag = readVarint(frame, 0);
  if (tag === undefined || (tag.value & 7) !== 2) throw new FrameError("a frame holds no ABCI request");
  const length = readVarint(frame, tag.end);
  if (length === undefined || length.end + length.value !== frame.length) throw new FrameError("a frame is not exactly one ABCI request");
  return { field: tag.value >>> 3, body: frame.subarray(length.end) };
}

function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let n = 0; n < 5; n++) {
    const byte = bytes[at + n];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * n);
    if (byte < 0x80) return { value, end: at + n + 1 };
  }
  return undefined;
}
