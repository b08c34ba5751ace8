/** Changes to TOML files that keep their comments and order, for CometBFT's config.toml. */

export type TomlValue = string | number | boolean | readonly string[];
/** By section, then by key; the top level is the section "". */
export type TomlChanges = Readonly<Record<string, Readonly<Record<string, TomlValue>>>>;

/** The text with the values changed. A key that is not there is added at the end of its section, a section at the end of the file. */
export function editToml(text: string, changes: TomlChanges): string {
  const lines = text.split("\n");
  for (const [section, values] of Object.entries(changes)) {
    for (const [key, value] of Object.entries(values)) setValue(lines, section, key, `${key} = ${tomlText(value)}`);
  }
  return lines.join("\n");
}

function setValue(lines: string[], section: string, key: string, line: string): void {
  let start = section === "" ? 0 : lines.findIndex((text) => text.trim() === `[${section}]`) + 1;
  if (section !== "" && start === 0) start = lines.push("", `[${section}]`);
  let end = lines.findIndex((text, index) => index >= start && text.trimStart().startsWith("["));
  if (end === -1) end = lines.length;
  const at = lines.findIndex((text, index) => index >= start && index < end && keyOf(text) === key);
  if (at === -1) {
    lines.splice(end, 0, line);
    return;
  }
  lines.splice(at, lastLineOf(lines, at) - at + 1, line);
}

function keyOf(line: string): string | undefined {
  return /^\s*([A-Za-z0-9_-]+)\s*=/.exec(line)?.[1];
}

/** An array may go over several lines. */
function lastLineOf(lines: readonly string[], at: number): number {
  const first = lines[at]!;
  if (!/=\s*\[/.test(first) || first.includes("]")) return at;
  const end = lines.findIndex((text, index) => index > at && text.includes("]"));
  return end === -1 ? at : end;
}

function tomlText(value: TomlValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  return Array.isArray(value) ? `[${value.map((item: string) => JSON.stringify(item)).join(", ")}]` : String(value);
}
