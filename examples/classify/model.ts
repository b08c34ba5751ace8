/** The model that k-means found, as the classifier takes it, and penguins as it takes them. */
import { toHex } from "../../chain/codec/bytes.ts";
import { clusters, measures, scales, penguins, type Penguin } from "../kmeans/inputs.ts";

const headBytes = 32;
const modelBytes = clusters * measures.length * 8;

/** The program's argument, from the output of `examples/kmeans`. */
export function modelOf(output: Uint8Array): string {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, clusters, true);
  head.setUint32(4, measures.length, true);
  return toHex(new Uint8Array(head.buffer)) + toHex(output.subarray(headBytes, headBytes + modelBytes));
}

/** What k-means itself said about each penguin. */
export function labelsOf(output: Uint8Array): Uint8Array {
  return output.slice(headBytes + modelBytes);
}

/** A request: the measures of these penguins, on the scale of all. */
export function requestOf(rows: readonly Penguin[]): Uint8Array {
  const scale = scales(penguins());
  const view = new DataView(new ArrayBuffer(rows.length * measures.length * 8));
  rows.forEach((row, r) => measures.forEach((measure, m) => view.setFloat64((r * measures.length + m) * 8, (row[measure] - scale[m]!.mean) / scale[m]!.deviation, true)));
  return new Uint8Array(view.buffer);
}
