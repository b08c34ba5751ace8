/** The store of distribution. */
import { DelegatorStartingInfo, FeePool, Params, ValidatorAccumulatedCommission, ValidatorCurrentRewards, ValidatorHistoricalRewards, ValidatorOutstandingRewards, ValidatorSlashEvent } from "../../codec/gen/cosmos/distribution/v1beta1/distribution.ts";
import { concatBytes } from "../../codec/bytes.ts";
import { bytesKey, item, map, pairKey, proto, rawValue, tailKey, tripleKey, uint32Key, uint64Key, type ValueCodec } from "../../runtime/collections.ts";
import { fromWireDec, toWireDec, type DecCoins } from "./dec-coins.ts";

export const storeName = "distribution";

/** What a block that pays a validator changes, as one record: one write a validator instead of three. */
export interface Book {
  /** All that the validator and its delegators may still withdraw. */
  readonly outstanding: DecCoins;
  readonly commission: DecCoins;
  /** Of the delegators, in the period that runs. */
  readonly rewards: DecCoins;
  readonly period: bigint;
}

const outstandingPart = proto(ValidatorOutstandingRewards);
const commissionPart = proto(ValidatorAccumulatedCommission);
const currentPart = proto(ValidatorCurrentRewards);

/** The SDK's three records behind each other, the first two with their lengths in front. */
const bookValue: ValueCodec<Book> = {
  fresh: true,
  encode({ outstanding, commission, rewards, period }) {
    const a = outstandingPart.encode({ rewards: toWireDec(outstanding) });
    const b = commissionPart.encode({ commission: toWireDec(commission) });
    return concatBytes(uint32Key.encode(a.length), a, uint32Key.encode(b.length), b, currentPart.encode({ rewards: toWireDec(rewards), period }));
  },
  decode(bytes) {
    const aEnd = 4 + uint32Key.decode(bytes, 0)[0];
    const bEnd = aEnd + 4 + uint32Key.decode(bytes, aEnd)[0];
    const current = currentPart.decode(bytes.subarray(bEnd));
    return {
      outstanding: fromWireDec(outstandingPart.decode(bytes.subarray(4, aEnd)).rewards),
      commission: fromWireDec(commissionPart.decode(bytes.subarray(aEnd + 4, bEnd)).commission),
      rewards: fromWireDec(current.rewards),
      period: current.period,
    };
  },
};

export const params = item(storeName, Uint8Array.of(1), proto(Params));
export const feePool = item(storeName, Uint8Array.of(2), proto(FeePool));
/** The consensus address of the block before. */
export const previousProposer = item(storeName, Uint8Array.of(3), rawValue);
/** By operator. */
export const books = map(storeName, Uint8Array.of(4), tailKey, bookValue);
/** By operator and period; kept while something refers to it. */
export const historical = map(storeName, Uint8Array.of(5), pairKey(bytesKey, uint64Key), proto(ValidatorHistoricalRewards));
/** By operator and delegator. */
export const startingInfos = map(storeName, Uint8Array.of(6), pairKey(bytesKey, tailKey), proto(DelegatorStartingInfo));
/** By delegator; who has none is paid itself. */
export const withdrawAddresses = map(storeName, Uint8Array.of(7), tailKey, rawValue);
/** By operator, height and period. */
export const slashEvents = map(storeName, Uint8Array.of(8), tripleKey(bytesKey, uint64Key, uint64Key), proto(ValidatorSlashEvent));
