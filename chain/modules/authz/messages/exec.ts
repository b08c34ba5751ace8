/** MsgExec: the grantee sends messages in the names of accounts that granted it. */
import { MsgExec, type MsgExecResponse } from "../../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import { addressText } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { TxError, fail, sdkErrors } from "../../../runtime/errors.ts";
import { nanosOf } from "../../../runtime/time-text.ts";
import { afterMessage, readAuthorization } from "../authorization.ts";
import { errors } from "../errors.ts";
import { deleteGrant } from "../keeper.ts";
import { grants } from "../state.ts";
import type { Any } from "../../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { AuthzPorts } from "../module.ts";
import type { CarriedMessage, MessagesPort } from "../ports.ts";

/** MsgExec inside MsgExec at most this deep, the outermost counted. */
export const maxDepth = 6;
const execUrl = "/cosmos.authz.v1beta1.MsgExec";

export function exec({ messages }: AuthzPorts): MessageHandler<MsgExec, MsgExecResponse> {
  /** By the message that carries them: opened anew for the check and the execution of each level, a nest would cost with the square of its depth. */
  const opened = new WeakMap<MsgExec, readonly CarriedMessage[]>();
  const carriedBy = (message: MsgExec): readonly CarriedMessage[] => {
    const carried = opened.get(message) ?? message.msgs.map((any) => open(messages, any));
    opened.set(message, carried);
    return carried;
  };
  return {
    signers: (message) => [message.grantee],

    check(message) {
      readAddress(message.grantee, "invalid grantee address");
      if (message.msgs.length === 0) fail(sdkErrors.invalidRequest, "messages cannot be empty");
      checkDepth(message.msgs);
      carriedBy(message);
    },

    execute(ctx, message) {
      const grantee = readAddress(message.grantee, "invalid grantee address");
      return { results: carriedBy(message).map((one, index) => run(ctx, grantee, one, index)) };
    },

    arbitrary: () => undefined,
  };
}

/** AUTHZ-4: walks level by level, so that nothing is opened before the depth is known. */
function checkDepth(outer: readonly Any[]): void {
  let level = outer;
  for (let depth = 1; ; depth++) {
    const nested = level.filter((any) => any.typeUrl === execUrl);
    if (nested.length === 0) return;
    if (depth === maxDepth) fail(sdkErrors.invalidRequest, `MsgExec is nested deeper than ${maxDepth}`);
    level = nested.flatMap((any) => decodeExec(any).msgs);
  }
}

function decodeExec(any: Any): MsgExec {
  try {
    return MsgExec.decode(any.value);
  } catch {
    return fail(sdkErrors.txDecode, "a nested MsgExec does not decode");
  }
}

/** AUTHZ-5: what only a block's proposer may place, and what stands in a transaction itself, cannot come through a grant either. */
function open(messages: MessagesPort, any: Any): CarriedMessage {
  const handler = messages.message(any.typeUrl)?.handler;
  if (handler?.uncarried === true) fail(sdkErrors.unauthorized, `${any.typeUrl} stands in a transaction itself, MsgExec does not carry it`);
  if (handler?.lane === "system") fail(sdkErrors.unauthorized, `${any.typeUrl} can only be placed by a block's proposer`);
  const carried = messages.open(any);
  if (carried.signers.length !== 1) fail(errors.signers);
  return carried;
}

function run(ctx: Context, grantee: Uint8Array, carried: CarriedMessage, index: number): Uint8Array {
  const granter = readAddress(carried.signers[0]!, "invalid granter address");
  if (!equalBytes(granter, grantee)) useGrant(ctx, granter, grantee, carried);
  const before = ctx.log.mark;
  try {
    const response = carried.execute(ctx);
    ctx.log.share(before, "authz_msg_index", String(index));
    return response.value;
  } catch (error) {
    if (error instanceof TxError) throw new TxError(error.codespace, error.code, `failed to execute message; message ${carried.typeUrl}: ${error.message}`);
    throw error;
  }
}

function useGrant(ctx: Context, granter: Uint8Array, grantee: Uint8Array, { typeUrl, message }: CarriedMessage): void {
  const key = [granter, grantee, typeUrl] as const;
  const grant = grants.find(ctx, key);
  if (grant === undefined) {
    fail(errors.notFound, { what: `failed to get grant with given granter: ${addressText(granter)}, grantee: ${addressText(grantee)} & msgType: ${typeUrl} ` });
  }
  if (grant.expiration !== undefined && nanosOf(grant.expiration) <= ctx.header.timeNanos) fail(errors.expired);
  const left = afterMessage(ctx, readAuthorization(grant.authorization), message);
  if (left === "spent") deleteGrant(ctx, granter, grantee, typeUrl);
  else if (left !== "kept") grants.set(ctx, key, { ...grant, authorization: left });
}
