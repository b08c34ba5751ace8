/** Days in Seattle and New York, 2012 to 2015 (vega-datasets: weather.csv). The day's highest temperature from what else was measured; a task per city and year. */
import { readCsv } from "../data.ts";

/** Names of the coefficients, in their order. */
export const features = ["constant", "lowest temperature (°C)", "precipitation (mm)", "wind (m/s)", "sunny", "New York"] as const;

export function inputs(): Uint8Array[] {
  const slices = new Map<string, Record<string, string>[]>();
  for (const row of readCsv("weather.csv")) {
    const slice = `${row["location"]} ${row["date"]!.slice(0, 4)}`;
    slices.set(slice, [...(slices.get(slice) ?? []), row]);
  }
  return [...slices.values()].map((rows) => {
    const numbers = rows.flatMap((row) => [1, Number(row["temp_min"]), Number(row["precipitation"]), Number(row["wind"]), row["weather"] === "sun" ? 1 : 0, row["location"] === "New York" ? 1 : 0, Number(row["temp_max"])]);
    const view = new DataView(new ArrayBuffer(8 + 8 * numbers.length));
    view.setUint32(0, rows.length, true);
    view.setUint32(4, features.length, true);
    numbers.forEach((value, i) => view.setFloat64(8 + 8 * i, value, true));
    return new Uint8Array(view.buffer);
  });
}
