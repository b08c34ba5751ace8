/** The data sets that the package vega-datasets ships, as rows. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(fileURLToPath(import.meta.resolve("vega-datasets"))), "..", "data");

export function readJson<Row>(name: string): Row[] {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as Row[];
}

/** Rows of a CSV file without quoted fields, by column name. */
export function readCsv(name: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(join(folder, name), "utf8").trim().split(/\r?\n/);
  const columns = head!.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((field, i) => [columns[i]!, field])));
}
