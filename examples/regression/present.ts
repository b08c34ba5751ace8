/** The fitted equation. */
import { features } from "./inputs.ts";

export function present(output: Uint8Array): string {
  const view = new DataView(output.buffer, output.byteOffset, output.length);
  const at = (i: number): number => view.getFloat64(8 * i, true);
  const lines = features.map((name, i) => `  ${at(3 + i) < 0 ? "-" : "+"} ${Math.abs(at(3 + i)).toFixed(3).padStart(6)}${name === "constant" ? "" : ` x ${name}`}`);
  return `highest temperature of a day (°C) =\n${lines.join("\n")}\nR² = ${at(1).toFixed(4)} over ${at(0)} days; off by ${at(2).toFixed(2)} °C (root mean square)\n`;
}
