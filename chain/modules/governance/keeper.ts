/** What governance needs beside its state, and the texts that its parts share. */
import { addressBytes, addressText, moduleAddress, prefixes } from "../../codec/address.ts";
import { ProposalStatus, type Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { failPlain } from "../../runtime/errors.ts";
import { nanosOf } from "../../runtime/time-text.ts";
import { closing } from "./state.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { DistributionPort } from "../distribution/ports.ts";
import type { StakingPort } from "../staking/validators/ports.ts";

/** A message that a proposal carries, opened: its stateless checks passed. */
export interface CarriedMessage {
  readonly typeUrl: string;
  /** Bech32 addresses. */
  readonly signers: readonly string[];
  /** Runs it; gives the Any of its response. */
  execute(ctx: Context): Any;
}

export interface MessagesPort {
  /** Undefined where no module handles the type. */
  message(typeUrl: string): { readonly handler: { readonly lane?: "system" | "reserved"; readonly uncarried?: true } } | undefined;
  /** Throws TxError. */
  open(any: Any): CarriedMessage;
}

export interface GovernancePorts {
  readonly accounts: AccountsPort;
  readonly bank: BankPort;
  readonly staking: StakingPort;
  readonly messages: MessagesPort;
  /** Takes what is charged for cancelled proposals where that goes to the community pool. */
  readonly distribution: Pick<DistributionPort, "fundCommunityPool">;
}

/** The module account that holds deposits, and in whose name passed proposals act. */
export const moduleName = "gov";
export const account = moduleAddress(moduleName);

/** Named as destination of charges, it stands for the community pool. */
export const communityPool = addressText(moduleAddress("distribution"));

/** As the SDK fails where its collections hold nothing under a key. */
export function failNotFound(key: string, type: "Proposal" | "Deposit"): never {
  return failPlain(notFoundText(key, type));
}

export const notFoundText = (key: string, type: "Proposal" | "Deposit"): string => `collections: not found: key '${key}' of type github.com/cosmos/gogoproto/cosmos.gov.v1.${type}`;

export const operatorBytes = (text: string): Uint8Array => addressBytes(text, prefixes.validator);

/** True where a proposal takes neither deposits nor votes any more, decided or not. */
export function isOver(ctx: Context, { status, depositEndTime, votingEndTime }: Proposal): boolean {
  const end = status === ProposalStatus.PROPOSAL_STATUS_DEPOSIT_PERIOD ? depositEndTime : status === ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD ? votingEndTime : undefined;
  return end === undefined || nanosOf(end) <= (closing.find(ctx) ?? -1n);
}
