/** Contents of v1beta1 proposals: texts. What the other kinds did is done by messages now. */
import { TextProposal } from "../../codec/gen/cosmos/gov/v1beta1/gov.ts";
import { utf8 } from "../../codec/bytes.ts";
import { fail, sdkErrors } from "../../runtime/errors.ts";
import { blank } from "./checks.ts";
import { errors } from "./errors.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";

export const textUrl = `/${TextProposal.$type}`;
const mostTitle = 140;
const mostDescription = 10_000;
const contentUrl = /^\/cosmos\.(?:params\.v1beta1|distribution\.v1beta1|upgrade\.v1beta1)\.([A-Za-z]+)Proposal$/;

/** Fails with gov 5 where a text breaks the SDK's bounds, gov 9 where it is no text. */
export function readContent(content: Any | undefined): TextProposal {
  if (content === undefined) fail(errors.invalidContent, "missing content");
  if (content.typeUrl !== textUrl) fail(errors.noHandler, contentUrl.test(content.typeUrl) ? `${content.typeUrl}: send the message that does it in a cosmos.gov.v1.MsgSubmitProposal` : content.typeUrl.slice(0, 160));
  const text = decode(content);
  if (blank(text.title)) fail(errors.invalidContent, "proposal title cannot be blank");
  if (utf8(text.title).length > mostTitle) fail(errors.invalidContent, `proposal title is longer than max length of ${mostTitle}`);
  if (blank(text.description)) fail(errors.invalidContent, "proposal description cannot be blank");
  if (utf8(text.description).length > mostDescription) fail(errors.invalidContent, `proposal description is longer than max length of ${mostDescription}`);
  return text;
}

function decode(content: Any): TextProposal {
  try {
    return TextProposal.decode(content.value);
  } catch {
    return fail(sdkErrors.txDecode, "the content does not decode");
  }
}
