/** The messages that a chain accepts, and the types that may stand inside them. */
import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { DescMessage } from "@bufbuild/protobuf";
import { messageDescriptor, signerFields } from "./descriptors.ts";
import { pubKeyTypeUrls } from "./pubkey.ts";
import { misplacedField, strictDecoder, type AnyResolver, type StrictDecoder } from "./strict.ts";

/** What a generated type offers, whatever its message. */
export interface MessageCodec<T extends object = object> {
  readonly $type: string;
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
  fromPartial(object: object): T;
}

/** One type of transaction message. */
export interface MessageType {
  /** e.g. "/cosmos.bank.v1beta1.MsgSend" */
  readonly typeUrl: string;
  readonly codec: MessageCodec;
  readonly descriptor: DescMessage;
  readonly decode: StrictDecoder;
}

/** The Any types of the SDK's own contracts that are no messages: keys, authorizations, allowances, proposal contents, vesting and base accounts. */
export const commonAnyTypes: readonly string[] = [
  ...Object.values(pubKeyTypeUrls),
  "/cosmos.authz.v1beta1.GenericAuthorization",
  "/cosmos.bank.v1beta1.SendAuthorization",
  "/cosmos.staking.v1beta1.StakeAuthorization",
  "/cosmos.feegrant.v1beta1.BasicAllowance",
  "/cosmos.feegrant.v1beta1.PeriodicAllowance",
  "/cosmos.feegrant.v1beta1.AllowedMsgAllowance",
  "/cosmos.gov.v1beta1.TextProposal",
  "/cosmos.params.v1beta1.ParameterChangeProposal",
  "/cosmos.distribution.v1beta1.CommunityPoolSpendProposal",
  "/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal",
  "/cosmos.upgrade.v1beta1.CancelSoftwareUpgradeProposal",
  "/cosmos.evidence.v1beta1.Equivocation",
];

/** Message types by type URL, and what an Any may hold. Built once at start from the modules' services. */
export class MessageRegistry {
  readonly #messages = new Map<string, MessageType>();
  readonly #any = new Map<string, DescMessage>();

  constructor(messages: readonly MessageCodec[] = [], anyTypes: readonly string[] = commonAnyTypes) {
    for (const typeUrl of anyTypes) this.addAnyType(typeUrl);
    for (const codec of messages) this.add(codec);
  }

  /** Registers a transaction message. Throws an Error where its contract names no signer, has no canonical form, or declares fields out of order. */
  add(codec: MessageCodec): void {
    const descriptor = messageDescriptor(codec.$type);
    const typeUrl = `/${codec.$type}`;
    if (signerFields(descriptor).length === 0) throw new Error(`${codec.$type} has no (cosmos.msg.v1.signer): say in its proto who signs it`);
    const misplaced = misplacedField(typeUrl);
    if (misplaced !== undefined) throw new Error(`${misplaced} is declared after a field with a greater number: declare fields in the order of their numbers, or clients' bytes are not canonical`);
    this.#messages.set(typeUrl, { typeUrl, codec, descriptor, decode: strictDecoder(codec.$type) });
    this.#any.set(typeUrl, descriptor);
  }

  /** Allows a type inside an Any, without making it a transaction message. */
  addAnyType(typeUrl: string): void {
    const descriptor = messageDescriptor(typeUrl);
    strictDecoder(typeUrl);
    this.#any.set(`/${descriptor.typeName}`, descriptor);
  }

  get(typeUrl: string): MessageType | undefined {
    return this.#messages.get(typeUrl);
  }

  /** Type URLs of all messages, in byte order. */
  typeUrls(): string[] {
    return [...this.#messages.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  /** What an Any with this type URL holds; undefined where nothing of that type may stand there. */
  readonly resolveAny: AnyResolver = (typeUrl) => this.#any.get(typeUrl);
}
