/** Byte strings: comparison, joining, text. Keys order as unsigned bytes everywhere. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Negative, zero, positive, as unsigned bytes; a prefix comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = a.length < b.length ? a.length : b.length;
  for (let i = 0; i < n; i++) {
    const d = a[i]! - b[i]!;
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** Up to these lengths a loop beats the call of native code. */
const mostCompared = 48;
const mostCopied = 32;

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a;
  if (length !== b.length) return false;
  if (length > mostCompared) return Buffer.compare(a, b) === 0;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (part.length > mostCopied) out.set(part, at);
    else for (let i = 0; i < part.length; i++) out[at + i] = part[i]!;
    at += part.length;
  }
  return out;
}

export function utf8(text: string): Uint8Array {
  // Nearly all text of the chain is short ASCII, for which a loop beats the encoder.
  const length = text.length;
  if (length <= 64) {
    const out = new Uint8Array(length);
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      out[i] = unit;
    }
    if (i === length) return out;
  }
  return encoder.encode(text);
}

/** Text of valid UTF-8. Throws a TypeError on anything else. */
export function fromUtf8(bytes: Uint8Array): string {
  const length = bytes.length;
  if (length <= 64) {
    let text = "";
    let i = 0;
    for (; i < length; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (i === length) return text;
  }
  return decoder.decode(bytes);
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** Throws a SyntaxError where `text` is not an even number of hexadecimal digits, of either case. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new SyntaxError(`not hexadecimal: ${text.slice(0, 80)}`);
  return new Uint8Array(Buffer.from(text, "hex"));
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Throws a SyntaxError where `text` is not padded standard base64. */
export function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (toBase64(bytes) !== text) throw new SyntaxError(`not base64: ${text.slice(0, 80)}`);
  return bytes;
}

/** The smallest key after every key that begins with `prefix`; undefined where there is none (all 0xff). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let n = prefix.length;
  while (n > 0 && prefix[n - 1] === 0xff) n--;
  if (n === 0) return undefined;
  const end = prefix.slice(0, n);
  end[n - 1]! += 1;
  return end;
}

/** Where a number becomes bytes and back: a view of its own for each array costs ten times what the copy does. */
const wordView = new DataView(new ArrayBuffer(8));
const word = new Uint8Array(wordView.buffer);

/** Big-endian, so that byte order is numeric order. */
export function uint64Bytes(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  writeUint64(out, 0, value);
  return out;
}

/** Writes the eight bytes of `uint64Bytes` from `at` on. */
export function writeUint64(out: Uint8Array, at: number, value: bigint): void {
  if (BigInt.asUintN(64, value) !== value) throw new RangeError(`uint64 out of range: ${value}`);
  wordView.setBigUint64(0, value);
  for (let i = 0; i < 8; i++) out[at + i] = word[i]!;
}

/** Throws a RangeError where fewer than eight bytes are left. */
export function readUint64(bytes: Uint8Array, at = 0): bigint {
  if (at + 8 > bytes.length) throw new RangeError(`a uint64 takes 8 bytes, ${bytes.length - at} are left`);
  for (let i = 0; i < 8; i++) word[i] = bytes[at + i]!;
  return wordView.getBigUint64(0);
}

/** Arrays up to this length lie on the JavaScript heap, cheaply; longer ones up to `mostCarved` are cut from one buffer. */
const mostOnHeap = 64;
const mostCarved = 1024;
const slabLength = 32_768;
let slab = new ArrayBuffer(slabLength);
let slabUsed = 0;

/** A new array of zeros. It may be a view of a longer buffer: what lies around it is others'. For many arrays of like lifetime. */
export function carve(length: number): Uint8Array {
  if (length <= mostOnHeap || length > mostCarved) return new Uint8Array(length);
  if (slabUsed + length > slabLength) {
    slab = new ArrayBuffer(slabLength);
    slabUsed = 0;
  }
  const out = new Uint8Array(slab, slabUsed, length);
  slabUsed += length;
  return out;
}
