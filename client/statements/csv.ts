/** CSV by RFC 4180: quotes where they are needed, CR LF behind every record. */

export function csvText(records: readonly (readonly string[])[]): string {
  return records.map((record) => `${record.map(field).join(",")}\r\n`).join("");
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Records of fields. Throws an Error, with the line, where a quote is not closed or stands where none may. */
export function readCsv(text: string): string[][] {
  const out: string[][] = [];
  let record: string[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    let value = "";
    if (text[at] === '"') {
      const began = line;
      for (at++; ; at++) {
        if (at >= text.length) throw new Error(`line ${began}: a quote is not closed`);
        if (text[at] === "\n") line++;
        if (text[at] !== '"') value += text[at];
        else if (text[at + 1] === '"') value += text[at++]!;
        else break;
      }
      at++;
      if (at < text.length && !",\r\n".includes(text[at]!)) throw new Error(`line ${line}: ${JSON.stringify(text[at])} behind a closing quote`);
    } else {
      const end = at + text.slice(at).search(/[,\r\n]|$/);
      value = text.slice(at, end);
      if (value.includes('"')) throw new Error(`line ${line}: a quote within a field that does not begin with one`);
      at = end;
    }
    record.push(value);
    if (text[at] === ",") {
      at++;
      if (at < text.length) continue;
      record.push("");
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    line++;
    out.push(record);
    record = [];
  }
  return out;
}
