/** Bytes that must not be printed. */
import { inspect } from "node:util";

/** A key. It works as the bytes that it is, but logs, JSON and string conversions show that it is secret and nothing of it. */
export class SecretBytes extends Uint8Array<ArrayBuffer> {
  static of32(bytes: Uint8Array): SecretBytes {
    if (bytes.length !== 32) throw new RangeError(`a key has 32 bytes, this one ${bytes.length}`);
    const secret = new SecretBytes(new ArrayBuffer(32));
    secret.set(bytes);
    return secret;
  }
  [inspect.custom](): string {
    return "[secret]";
  }
  toJSON(): string {
    return "[secret]";
  }
  override toString(): string {
    return "[secret]";
  }
  override toLocaleString(): string {
    return "[secret]";
  }
}
