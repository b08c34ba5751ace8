/** The clusters that the machine found without being told the species, beside the species. */
import { clusters, measures, penguins, scales } from "./inputs.ts";

export function present(output: Uint8Array): string {
  const view = new DataView(output.buffer, output.byteOffset, output.length);
  const rows = penguins();
  const scale = scales(rows);
  const labels = output.subarray(32 + clusters * measures.length * 8);
  const species = [...new Set(rows.map((row) => row.Species))];
  // "Beak Length (mm)" takes two lines, so that the table fits a terminal.
  const [units, head] = [["", ...measures.map((title) => /\(.*\)$/.exec(title)?.[0] ?? ""), ...species.map(() => "")], ["cluster", ...measures.map((title) => title.replace(/ \(.*\)$/, "")), ...species]];
  const body = Array.from({ length: clusters }, (_, c) => {
    const centre = measures.map((_, m) => (view.getFloat64(32 + (c * measures.length + m) * 8, true) * scale[m]!.deviation + scale[m]!.mean).toFixed(1));
    const counts = species.map((name) => String(rows.filter((row, r) => row.Species === name && labels[r] === c).length));
    return [String(c + 1), ...centre, ...counts];
  });
  const lines = [head, units, ...body].map((cells) => cells.map((cell, i) => cell.padStart(head[i]!.length)).join("  ").trimEnd());
  return `${rows.length} penguins, ${clusters} clusters (start ${view.getUint32(8, true)}, ${view.getUint32(12, true)} iterations, inertia ${view.getFloat64(0, true).toFixed(4)})\n${lines.join("\n")}\n`;
}
