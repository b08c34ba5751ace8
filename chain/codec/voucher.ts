/**
 * The bytes of a payment channel's voucher. Chain and clients make them here, so this file needs nothing but byte strings and runs in browsers.
 * No transaction begins like this: protobuf that starts with `d` is none, and amino JSON starts with a brace.
 */
import { concatBytes, uint64Bytes, utf8 } from "./bytes.ts";

export interface VoucherTerms {
  /** At most 255 bytes of UTF-8; CometBFT allows 50. */
  readonly chainId: string;
  readonly channelId: bigint;
  /** All that was ever paid through the channel, this payment included; at most 256 bits. */
  readonly cumulative: bigint;
  readonly denom: string;
  /** The last tau (milliseconds) at which the voucher counts; 0: it does not expire by itself. */
  readonly expiresTau: bigint;
}

const domain = utf8("dcm/voucher/v1");

/** What is hashed with SHA-256 and signed; its layout stands at Voucher in proto/dcm/channel/v1/types.proto. Throws a RangeError where a part does not fit. */
export function voucherBytes({ chainId, channelId, cumulative, denom, expiresTau }: VoucherTerms): Uint8Array {
  return concatBytes(domain, short(chainId, "chain id"), uint64Bytes(channelId), uint256Bytes(cumulative), short(denom, "denom"), uint64Bytes(expiresTau));
}

function short(text: string, what: string): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length > 255) throw new RangeError(`${what} of ${bytes.length} bytes: at most 255`);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

/** 32 bytes, big-endian. */
function uint256Bytes(value: bigint): Uint8Array {
  if (value < 0n || value >> 256n !== 0n) throw new RangeError(`uint256 out of range: ${value}`);
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  for (let at = 24, rest = value; at >= 0; at -= 8, rest >>= 64n) view.setBigUint64(at, BigInt.asUintN(64, rest));
  return out;
}
