/** Names of enum values, as errors show them. */
import { VoteOption } from "../../codec/gen/cosmos/gov/v1/gov.ts";

const names = new Map<number, string>(Object.entries(VoteOption).filter((entry): entry is [string, VoteOption] => typeof entry[1] === "number").map(([name, value]) => [value, name]));

export const optionName = (option: VoteOption): string => names.get(option) ?? String(option);
