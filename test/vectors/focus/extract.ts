/** Columns as the FOCUS specification defines them, out of its own text. Usage: node extract.ts FOLDER > 1.2.json, where FOLDER is a checkout of FOCUS_Spec at tag v1.2. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Cells of each row of the first table behind a heading or a line; without its head. */
function table(text: string, behind: RegExp): string[][] {
  const at = behind.exec(text);
  if (at === null) return [];
  const lines = text.slice(at.index + at[0].length).trimStart().split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(2, end < 0 ? undefined : end).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const folder = join(process.argv[2]!, "specification/columns");
const columns = readdirSync(folder).filter((name) => name.endsWith(".md")).sort().map((name) => {
  const text = readFileSync(join(folder, name), "utf8");
  const constraints = Object.fromEntries(table(text, /## Content [Cc]onstraints/).map(([key, value]) => [key!.toLowerCase(), value!]));
  const allowed = table(text, /Allowed values:/);
  const properties = table(text, /The following keys should be used when applicable[^\n]*/);
  return {
    id: /## Column ID\s+(\S+)/.exec(text)![1]!,
    level: constraints["feature level"]!,
    nulls: constraints["allows nulls"] === "True",
    type: constraints["data type"]!,
    ...(constraints["number range"] === undefined ? {} : { range: constraints["number range"] }),
    ...(allowed.length === 0 ? {} : { allowed: allowed.map((cells) => (cells.length === 2 ? cells[0]! : cells.slice(0, 2))) }),
    ...(properties.length === 0 ? {} : { properties: properties.map(([key, , type]) => [key!, type!]) }),
  };
});
process.stdout.write(`[\n${columns.map((column) => JSON.stringify(column)).join(",\n")}\n]\n`);
