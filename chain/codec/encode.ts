/** The canonical encoder of any contract, for messages in the shape of the generated types: the inverse of the canonical decoder. */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";

type Plain = Readonly<Record<string, unknown>>;
type WriteField = (writer: BinaryWriter, value: unknown) => void;

interface Plan {
  readonly fields: readonly (readonly [local: string, write: WriteField])[];
}

const plans = new Map<string, Plan>();

function planOf(desc: DescMessage): Plan {
  const known = plans.get(desc.typeName);
  if (known !== undefined) return known;
  const fields = [...desc.fields].sort((a, b) => a.number - b.number).map((field) => [field.localName, fieldWriter(field)] as const);
  const plan = { fields };
  plans.set(desc.typeName, plan);
  return plan;
}

const numberWriters: Readonly<Record<number, readonly [wireType: number, write: (writer: BinaryWriter, value: never) => void]>> = {
  [ScalarType.DOUBLE]: [1, (w, v: number) => w.double(v)],
  [ScalarType.FLOAT]: [5, (w, v: number) => w.float(v)],
  [ScalarType.INT64]: [0, (w, v: bigint) => w.int64(v)],
  [ScalarType.UINT64]: [0, (w, v: bigint) => w.uint64(v)],
  [ScalarType.INT32]: [0, (w, v: number) => w.int32(v)],
  [ScalarType.FIXED64]: [1, (w, v: bigint) => w.fixed64(v)],
  [ScalarType.FIXED32]: [5, (w, v: number) => w.fixed32(v)],
  [ScalarType.BOOL]: [0, (w, v: boolean) => w.bool(v)],
  [ScalarType.UINT32]: [0, (w, v: number) => w.uint32(v)],
  [ScalarType.SFIXED32]: [5, (w, v: number) => w.sfixed32(v)],
  [ScalarType.SFIXED64]: [1, (w, v: bigint) => w.sfixed64(v)],
  [ScalarType.SINT32]: [0, (w, v: number) => w.sint32(v)],
  [ScalarType.SINT64]: [0, (w, v: bigint) => w.sint64(v)],
};

/** How to write one value, with its tag or (packed) without. */
function valueWriter(field: DescField, tagged: boolean): WriteField {
  const { number, message } = field;
  if (message !== undefined) {
    return (writer, value) => {
      writer.tag(number, 2).fork();
      writeMessage(writer, message, value as Plain);
      writer.join();
    };
  }
  const scalar = field.enum !== undefined ? ScalarType.INT32 : field.scalar!;
  if (scalar === ScalarType.STRING) return (writer, value) => void writer.tag(number, 2).string(value as string);
  if (scalar === ScalarType.BYTES) return (writer, value) => void writer.tag(number, 2).bytes(value as Uint8Array);
  const [wireType, write] = numberWriters[scalar]!;
  return (writer, value) => {
    if (tagged) writer.tag(number, wireType);
    write(writer, value as never);
  };
}

function isDefault(value: unknown): boolean {
  return value === "" || value === 0 || value === 0n || value === false || (value instanceof Uint8Array && value.length === 0);
}

function fieldWriter(field: DescField): WriteField {
  if (field.fieldKind === "map") throw new Error(`${field.parent.typeName}.${field.name}: maps have no canonical form`);
  if (field.fieldKind !== "list") {
    const write = valueWriter(field, true);
    // 2 is implicit presence: the default is not written.
    const implicit = field.presence === 2;
    return (writer, value) => {
      if (value !== undefined && !(implicit && isDefault(value))) write(writer, value);
    };
  }
  const write = valueWriter(field, !field.packed);
  return (writer, value) => {
    const list = value as readonly unknown[];
    if (list.length === 0) return;
    if (field.packed) writer.tag(field.number, 2).fork();
    for (const item of list) write(writer, item);
    if (field.packed) writer.join();
  };
}

function writeMessage(writer: BinaryWriter, desc: DescMessage, message: Plain): void {
  for (const [local, write] of planOf(desc).fields) write(writer, message[local]);
}

/** The canonical bytes of a complete message (every field there, as the generated types demand). */
export function encodeMessage(desc: DescMessage, message: object): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(writer, desc, message as Plain);
  return writer.finish();
}
