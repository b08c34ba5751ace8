/** A bid as the chain would take it, without sending it. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import { accountFromAny } from "@cosmjs/stargate";
import { MsgPlaceBidResponse } from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import type { Connection } from "../../client/connection.ts";
import { encodeManifest } from "../../client/protocol.ts";
import { dcmRegistry } from "../../client/registry.ts";
import { sealedSize } from "../seal/index.ts";
import { bidMessage, type JobRequest } from "./bid.ts";

export interface Trial {
  /** In the bond denom; undefined where it is refused. */
  readonly storageDeposit?: bigint;
  /** Why the chain would refuse it now. */
  readonly refused?: string;
}

/** The bid, with data of the sizes that it will have. */
export function bidOf(consumer: string, request: JobRequest, profileId: number): EncodeObject {
  const digest = new Uint8Array(32);
  const blob = (size: number) => ({ digest, size: BigInt(size) });
  const inputs = request.inputs.map((input) => blob(sealedSize(input.length)));
  const refereed = request.verification === "V3";
  return bidMessage(request, {
    consumer, profileId, dataUrl: "http://127.0.0.1:65535", program: blob(sealedSize(request.program.length)), programRoot: refereed ? digest : new Uint8Array(0),
    first: { inputRoot: digest, manifest: blob(encodeManifest(inputs, refereed ? inputs : []).length) }, consumerKey: digest, saltHead: () => digest,
  });
}

/** `pubkey` is that of the consumer, 33 bytes. Rejects where the node does not answer. */
export async function tryBid(connection: Connection, consumer: { readonly address: string; readonly pubkey: Uint8Array }, request: JobRequest, profileId: number): Promise<Trial> {
  const { address, pubkey } = consumer;
  const message = bidOf(address, request, profileId);
  let sequence = await sequenceOf(connection, address);
  if (sequence === undefined) return { refused: `${address} is not on chain yet: it has no coins` };
  for (let attempt = 1; ; attempt++) {
    try {
      const { result } = await connection.query.tx.simulate([dcmRegistry().encodeAsAny(message)], "", { type: "tendermint/PubKeySecp256k1", value: Buffer.from(pubkey).toString("base64") }, sequence);
      return { storageDeposit: BigInt(MsgPlaceBidResponse.decode(result!.msgResponses[0]!.value).storageDeposit) };
    } catch (error) {
      const words = (error as Error).message;
      if (!words.includes("Query failed with")) throw error;
      // Transactions of the account are in the mempool, and count there.
      const expected = /account sequence mismatch, expected (\d+)/.exec(words)?.[1];
      // The module's words, without what carried them.
      if (expected === undefined || attempt >= 5) return { refused: words.replace(/^.*message index: 0: /s, "").replace(/ with gas used: '.*$/s, "") };
      sequence = Number(expected);
    }
  }
}

/** Undefined where the chain does not know the account. */
async function sequenceOf({ query }: Connection, address: string): Promise<number | undefined> {
  try {
    const found = await query.auth.account(address);
    return found === null ? undefined : accountFromAny(found).sequence;
  } catch (error) {
    if (/NotFound|not found/.test((error as Error).message)) return undefined;
    throw error;
  }
}
