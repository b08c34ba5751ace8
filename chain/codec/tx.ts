/** Transactions: bytes to DecodedTx, once, by the rules of ADR-027. */
import { decodeFast, fastDepth, fastKeyUrl, fastMessageUrl, maxFastLength } from "./fast-tx.ts";
import type { AuthInfo, TxBody, TxRaw } from "./gen/cosmos/tx/v1beta1/tx.ts";
import type { MessageRegistry, MessageType } from "./messages.ts";
import { CanonicalError, strictDecoder, type StrictLimits } from "./strict.ts";

/** One message of a transaction. */
export interface DecodedMessage {
  readonly typeUrl: string;
  /** Its bytes, a view of the transaction's. */
  readonly value: Uint8Array;
  /** In the shape of its generated type. Belongs to everybody who holds the transaction: do not change it. */
  readonly message: object;
  readonly type: MessageType;
}

export interface DecodedTx {
  /** The bytes as they came. Every other byte string here is a view of them: they must not change. */
  readonly bytes: Uint8Array;
  readonly bodyBytes: Uint8Array;
  readonly authInfoBytes: Uint8Array;
  readonly body: TxBody;
  readonly authInfo: AuthInfo;
  readonly signatures: readonly Uint8Array[];
  readonly messages: readonly DecodedMessage[];
}

/** What bounds a transaction before anything is known of it. */
export interface TxLimits extends StrictLimits {
  readonly maxMessages: number;
  readonly maxSigners: number;
}

export const defaultTxLimits: TxLimits = { maxDepth: 16, maxElements: 65_536, maxMessages: 256, maxSigners: 32 };

/** Bytes that are no transaction: codespace "sdk", code 2. `reason` says why, `message` is the SDK's log. */
export class TxDecodeError extends Error {
  override readonly name = "TxDecodeError";
  readonly codespace = "sdk";
  readonly code = 2;
  readonly reason: string;
  constructor(reason: string) {
    super(`${reason}: tx parse error`);
    this.reason = reason;
  }
}

const decodeRaw = strictDecoder("cosmos.tx.v1beta1.TxRaw");
const decodeBody = strictDecoder("cosmos.tx.v1beta1.TxBody");
const decodeAuthInfo = strictDecoder("cosmos.tx.v1beta1.AuthInfo");

/**
 * Decodes a transaction and each of its messages. Throws a TxDecodeError for anything but the canonical encoding of a TxRaw whose messages
 * are all registered. Says nothing of signatures, fees or addresses: that is the ante chain's.
 */
export function decodeTx(bytes: Uint8Array, registry: MessageRegistry, limits: TxLimits = defaultTxLimits): DecodedTx {
  try {
    return decodeCommon(bytes, registry, limits) ?? decodeAny(bytes, registry, limits);
  } catch (error) {
    if (error instanceof CanonicalError) throw new TxDecodeError(error.message);
    throw error;
  }
}

/** The common transaction, where this chain has its message and its key and no limit is near. */
function decodeCommon(bytes: Uint8Array, registry: MessageRegistry, limits: TxLimits): DecodedTx | undefined {
  const type = registry.get(fastMessageUrl);
  if (type === undefined || registry.resolveAny(fastKeyUrl) === undefined || limits.maxDepth < fastDepth || limits.maxElements < maxFastLength) return undefined;
  const fast = decodeFast(bytes);
  if (fast === undefined) return undefined;
  const { bodyBytes, authInfoBytes, signatures, body, authInfo, sends } = fast;
  if (sends.length > limits.maxMessages || signatures.length > limits.maxSigners || authInfo.signerInfos.length > limits.maxSigners) return undefined;
  const messages = body.messages.map(({ typeUrl, value }, index): DecodedMessage => ({ typeUrl, value, message: sends[index]!, type }));
  return { bytes, bodyBytes, authInfoBytes, body, authInfo, signatures, messages };
}

/** Any transaction. Exported for the differential test. */
export function decodeAny(bytes: Uint8Array, registry: MessageRegistry, limits: TxLimits): DecodedTx {
  const { bodyBytes, authInfoBytes, signatures } = decodeRaw(bytes, registry.resolveAny, limits).message as TxRaw;
  if (signatures.length > limits.maxSigners) throw new TxDecodeError(`${signatures.length} signatures, at most ${limits.maxSigners}`);
  const { message, contents } = decodeBody(bodyBytes, registry.resolveAny, limits);
  const body = message as TxBody;
  if (body.messages.length > limits.maxMessages) throw new TxDecodeError(`${body.messages.length} messages, at most ${limits.maxMessages}`);
  const authInfo = decodeAuthInfo(authInfoBytes, registry.resolveAny, limits).message as AuthInfo;
  if (authInfo.signerInfos.length > limits.maxSigners) throw new TxDecodeError(`${authInfo.signerInfos.length} signer infos, at most ${limits.maxSigners}`);
  const messages = body.messages.map(({ typeUrl, value }, index): DecodedMessage => {
    const type = registry.get(typeUrl);
    if (type === undefined) throw new TxDecodeError(`unable to resolve type URL ${typeUrl.slice(0, 200)}: it is not a transaction message`);
    return { typeUrl, value, message: contents[index]!, type };
  });
  return { bytes, bodyBytes, authInfoBytes, body, authInfo, signatures, messages };
}
