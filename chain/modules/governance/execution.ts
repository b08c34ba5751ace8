/** Messages that proposals carry: which may be carried, and how they run. */
import { MsgExec } from "../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import type { Proposal } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { authority } from "../../runtime/addresses.ts";
import { errorOf, fail, TxError } from "../../runtime/errors.ts";
import { GasMeter } from "../../runtime/gas.ts";
import { errors } from "./errors.ts";
import { executionGas, maxMessageBytes, maxMessages } from "./params.ts";
import { held } from "./state.ts";
import { account, type CarriedMessage, type GovernancePorts } from "./keeper.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";

const execUrl = "/cosmos.authz.v1beta1.MsgExec";
const aboutProposals = /^\/cosmos\.gov\.v1(?:beta1)?\.Msg(?:SubmitProposal|Deposit|Vote|VoteWeighted|CancelProposal)$/;

/** What would let others spend in the name of the gov account, which holds deposits. */
const grants = new Set(["/cosmos.authz.v1beta1.MsgGrant", "/cosmos.feegrant.v1beta1.MsgGrantAllowance", "/dcm.session.v1.MsgGrantSession"]);

/** GOV-2, GOV-3: each message can be opened, and only the gov account signs it. Fails with gov 10, 12, 13, 101 to 103, 105. */
export function openAll(ports: GovernancePorts, messages: readonly Any[]): CarriedMessage[] {
  checkSize(messages);
  return messages.map((any) => open(ports, any));
}

/** GOV-2: bounded in number and bytes before anything is opened. Fails with gov 101 and 102. */
function checkSize(messages: readonly Any[]): void {
  if (messages.length > maxMessages) fail(errors.tooManyMessages, { got: messages.length, most: maxMessages });
  const bytes = messages.reduce((sum, { typeUrl, value }) => sum + typeUrl.length + value.length, 0);
  if (bytes > maxMessageBytes) fail(errors.messagesTooLarge, { got: bytes, most: maxMessageBytes });
}

function open({ messages }: GovernancePorts, any: Any): CarriedMessage {
  const bound = messages.message(any.typeUrl);
  if (bound === undefined || bound.handler.lane === "system" || bound.handler.uncarried === true) fail(errors.unroutableMessage, any.typeUrl.slice(0, 160));
  const carried = openOne(messages, any);
  refuseCarried(any);
  if (carried.signers.length !== 1) fail(errors.invalidSigner, "");
  if (carried.signers[0] !== authority) fail(errors.invalidSigner, carried.signers[0]!);
  return carried;
}

function openOne(messages: GovernancePorts["messages"], any: Any): CarriedMessage {
  try {
    return messages.open(any);
  } catch (error) {
    if (error instanceof TxError) throw error.codespace === "gov" ? error : errorOf(errors.invalidMessage, error.message);
    throw error;
  }
}

/** What was opened decodes, and MsgExec in MsgExec is bounded in depth. */
function refuseCarried(any: Any): void {
  if (aboutProposals.test(any.typeUrl)) fail(errors.nested, { typeUrl: any.typeUrl });
  if (grants.has(any.typeUrl)) fail(errors.grants, { typeUrl: any.typeUrl });
  if (any.typeUrl === execUrl) for (const inner of MsgExec.decode(any.value).msgs) refuseCarried(inner);
}

export interface Execution {
  readonly gasUsed: number;
  /** Undefined where all went well. */
  readonly failure?: { readonly index: number; readonly error: TxError };
}

/** GOV-13: runs all messages or none, within gas of their own. */
export function execute(ports: GovernancePorts, ctx: Context, { id, messages }: Proposal): Execution {
  const gas = new GasMeter(executionGas);
  let index = 0;
  const error = ctx.attempt(`messages of proposal ${id}`, gas, (inner) => {
    const opened = openAll(ports, messages);
    for (; index < opened.length; index++) opened[index]!.execute(inner);
    checkHeld(ports, inner);
  });
  return error === undefined ? { gasUsed: gas.used } : { gasUsed: gas.used, failure: { index: Math.min(index, Math.max(messages.length - 1, 0)), error } };
}

/** GOV-14: what proposals' messages must leave with the gov account. The sentence says what is missing. */
function checkHeld({ bank }: GovernancePorts, ctx: Context): void {
  for (const [denom, due] of held.entries(ctx)) {
    const left = bank.balance(ctx, account, denom);
    if (left < due) fail(errors.spendsDeposits, { denom, held: due, left });
  }
}
