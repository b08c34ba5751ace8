/** The node's log: one line an entry on standard error, for people or as JSON. */
export type Level = "debug" | "info" | "warn" | "error";
export type Log = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => void;

const order: readonly Level[] = ["debug", "info", "warn", "error"];
const marks: Readonly<Record<Level, string>> = { debug: "DBG", info: "INF", warn: "WRN", error: "ERR" };

/** Entries below `least` are dropped. */
export function createLog(write: (line: string) => void, least: Level, json: boolean, now: () => Date): Log {
  return (level, message, fields = {}) => {
    if (order.indexOf(level) < order.indexOf(least)) return;
    const time = now().toISOString();
    if (json) return write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
    const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${textOf(value)}`).join("");
    write(`${time.slice(11, 23)} ${marks[level]} ${message}${rest}\n`);
  };
}

/** One line, whatever is in it: control characters of others must not reach a terminal. */
function textOf(value: unknown): string {
  const text = value instanceof Error ? (value.stack ?? value.message) : typeof value === "string" ? value : (JSON.stringify(value) ?? "");

  const clean = text.replace(/[\u0000-\u001f\u007f]+\s*/g, " ⏎ ");
  return /[\s"=]/.test(clean) ? JSON.stringify(clean) : clean;
}
