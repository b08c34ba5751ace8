/** dcmd tx gov: proposals, deposits and votes. */
import { existsSync, readFileSync } from "node:fs";
import { VoteOption } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { MsgCancelProposal, MsgDeposit, MsgSubmitProposal, MsgVote, MsgVoteWeighted } from "../../codec/gen/cosmos/gov/v1/tx.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { JsonError, fromJson } from "../../codec/proto-json.ts";
import { isObject } from "../config/genesis-doc.ts";
import { parseCoins } from "./common.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import { any, send, type TxOptions } from "./tx.ts";
import type { Globals } from "./program.ts";

export async function submitProposal(io: Io, globals: Globals, file: string, options: TxOptions): Promise<void> {
  const proposal = readProposal(file);
  return send(io, globals, options, ({ address }) => [any(MsgSubmitProposal, { ...proposal, proposer: address })]);
}

export async function deposit(io: Io, globals: Globals, id: string, coins: string, options: TxOptions): Promise<void> {
  const [proposalId, amount] = [proposalIdOf(id), wire(coins)];
  return send(io, globals, options, ({ address }) => [any(MsgDeposit, { proposalId, depositor: address, amount })]);
}

export async function vote(io: Io, globals: Globals, id: string, option: string, options: TxOptions): Promise<void> {
  const [proposalId, chosen] = [proposalIdOf(id), optionOf(option)];
  return send(io, globals, options, ({ address }) => [any(MsgVote, { proposalId, voter: address, option: chosen, metadata: "" })]);
}

export async function weightedVote(io: Io, globals: Globals, id: string, split: string, options: TxOptions): Promise<void> {
  const proposalId = proposalIdOf(id);
  const votes = split.split(",").map((part) => {
    const [name, weight, ...more] = part.split("=");
    if (weight === undefined || more.length > 0) throw new CliError(`"${part.slice(0, 60)}" is no option with its weight, such as yes=0.6`, { exitCode: exitCodes.usage });
    return { option: optionOf(name!), weight };
  });
  return send(io, globals, options, ({ address }) => [any(MsgVoteWeighted, { proposalId, voter: address, options: votes, metadata: "" })]);
}

export async function cancelProposal(io: Io, globals: Globals, id: string, options: TxOptions): Promise<void> {
  const proposalId = proposalIdOf(id);
  return send(io, globals, options, ({ address }) => [any(MsgCancelProposal, { proposalId, proposer: address })]);
}

export function proposalIdOf(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/.test(text)) throw new CliError(`"${text.slice(0, 40)}" is no id of a proposal: a whole number from 1`, { exitCode: exitCodes.usage });
  return BigInt(text);
}

const optionNames: Readonly<Record<string, VoteOption>> = {
  yes: VoteOption.VOTE_OPTION_YES, abstain: VoteOption.VOTE_OPTION_ABSTAIN, no: VoteOption.VOTE_OPTION_NO, no_with_veto: VoteOption.VOTE_OPTION_NO_WITH_VETO, nowithveto: VoteOption.VOTE_OPTION_NO_WITH_VETO,
};

function optionOf(text: string): VoteOption {
  const option = optionNames[text.toLowerCase().replace(/^vote_option_/, "").replaceAll("-", "_")];
  if (option === undefined) throw new CliError(`"${text.slice(0, 40)}" is no option: yes, no, abstain or no_with_veto`, { exitCode: exitCodes.usage });
  return option;
}

const wire = (coins: string): { denom: string; amount: string }[] => parseCoins(coins).map(({ denom, amount }) => ({ denom, amount: amount.toString() }));

function readProposal(file: string): Omit<MsgSubmitProposal, "proposer"> {
  if (!existsSync(file)) throw new CliError(`${file} does not exist`, { exitCode: exitCodes.notFound });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CliError(`${file} is no JSON: ${error instanceof Error ? error.message : "unreadable"}`, { exitCode: exitCodes.invalid });
  }
  if (!isObject(json)) throw new CliError(`${file} is no JSON object`, { exitCode: exitCodes.invalid });
  const text = (name: string): string => {
    const value = json[name] ?? "";
    if (typeof value !== "string") throw new CliError(`${file}: ${name} is no text`, { exitCode: exitCodes.invalid });
    return value;
  };
  const messages = json.messages ?? [];
  if (!Array.isArray(messages)) throw new CliError(`${file}: messages is no list`, { exitCode: exitCodes.invalid });
  return {
    messages: messages.map((message: unknown, i) => readMessage(file, message, i)), initialDeposit: wire(text("deposit")), title: text("title"), summary: text("summary"), metadata: text("metadata"), expedited: json.expedited === true,
  };
}

function readMessage(file: string, message: unknown, i: number): Any {
  const { "@type": typeUrl, ...fields } = isObject(message) ? message : {};
  if (typeof typeUrl !== "string") throw new CliError(`${file}: messages[${i}] has no "@type"`, { exitCode: exitCodes.invalid });
  try {
    return { typeUrl, value: fromJson(typeUrl, fields) };
  } catch (error) {
    if (error instanceof JsonError) throw new CliError(`${file}: messages[${i}]: ${error.message}`, { exitCode: exitCodes.invalid });
    throw error;
  }
}
