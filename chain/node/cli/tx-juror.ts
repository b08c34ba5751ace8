/** dcmd tx juror: who judges, and what it answers with. */
import { MsgBondJuror, MsgEditJuror, MsgRegisterJuror, MsgRetireJuror, MsgUnbondJuror } from "../../codec/gen/dcm/juror/v1/tx.ts";
import { any, send, type TxOptions } from "./tx.ts";
import { parseStake } from "./validator-messages.ts";
import type { Io } from "./io.ts";
import type { Globals } from "./program.ts";

export interface ProfileOptions extends TxOptions {
  readonly moniker: string;
  readonly url: string;
}

export function register(io: Io, globals: Globals, amount: string, options: ProfileOptions): Promise<void> {
  const bond = wire(amount);
  return send(io, globals, options, ({ address }) => [any(MsgRegisterJuror, { juror: address, profile: profileOf(options), bond })]);
}

export function edit(io: Io, globals: Globals, options: ProfileOptions): Promise<void> {
  return send(io, globals, options, ({ address }) => [any(MsgEditJuror, { juror: address, profile: profileOf(options) })]);
}

export function bond(io: Io, globals: Globals, coins: string, options: TxOptions): Promise<void> {
  const amount = wire(coins);
  return send(io, globals, options, ({ address }) => [any(MsgBondJuror, { juror: address, amount })]);
}

export function unbond(io: Io, globals: Globals, coins: string, options: TxOptions): Promise<void> {
  const amount = wire(coins);
  return send(io, globals, options, ({ address }) => [any(MsgUnbondJuror, { juror: address, amount })]);
}

export function exit(io: Io, globals: Globals, options: TxOptions): Promise<void> {
  return send(io, globals, options, ({ address }) => [any(MsgRetireJuror, { juror: address })]);
}

const profileOf = ({ moniker, url }: ProfileOptions): { moniker: string; url: string } => ({ moniker, url });

function wire(text: string): { denom: string; amount: string } {
  const { denom, amount } = parseStake(text);
  return { denom, amount: amount.toString() };
}
