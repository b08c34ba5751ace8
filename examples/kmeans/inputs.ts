/** Penguins of the Palmer archipelago (vega-datasets: penguins.json): four measures of each, standardised; each task tries other starts. */
import { readJson } from "../data.ts";

export interface Penguin {
  readonly Species: string;
  readonly "Beak Length (mm)": number;
  readonly "Beak Depth (mm)": number;
  readonly "Flipper Length (mm)": number;
  readonly "Body Mass (g)": number;
}

export const measures = ["Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"] as const;
export const clusters = 3;
const tasks = 6;
const startsPerTask = 50;

/** Those that were measured in full, in the order of the file. */
export function penguins(): Penguin[] {
  return readJson<Penguin>("penguins.json").filter((penguin) => measures.every((measure) => typeof penguin[measure] === "number"));
}

/** Mean and standard deviation of each measure. */
export function scales(rows: readonly Penguin[]): { mean: number; deviation: number }[] {
  return measures.map((measure) => {
    const mean = rows.reduce((sum, row) => sum + row[measure], 0) / rows.length;
    return { mean, deviation: Math.sqrt(rows.reduce((sum, row) => sum + (row[measure] - mean) * (row[measure] - mean), 0) / rows.length) };
  });
}

export function inputs(): Uint8Array[] {
  const rows = penguins();
  const scale = scales(rows);
  return Array.from({ length: tasks }, (_, task) => {
    const view = new DataView(new ArrayBuffer(24 + rows.length * measures.length * 8));
    [rows.length, measures.length, clusters, 1 + task * startsPerTask, startsPerTask].forEach((value, i) => view.setUint32(4 * i, value, true));
    rows.forEach((row, r) => measures.forEach((measure, m) => view.setFloat64(24 + (r * measures.length + m) * 8, (row[measure] - scale[m]!.mean) / scale[m]!.deviation, true)));
    return new Uint8Array(view.buffer);
  });
}
