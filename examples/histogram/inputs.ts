/** 10,000 flights in the United States, early 2001 (vega-datasets: flights-10k.json): hour of departure and delay, a task per 2,000. */
import { readJson } from "../data.ts";

const perTask = 2000;

export function inputs(): Uint8Array[] {
  const rows = readJson<{ date: string; delay: number }>("flights-10k.json").map(({ date, delay }) => `${Number(date.slice(11, 13))} ${delay}\n`);
  const tasks = Array.from({ length: Math.ceil(rows.length / perTask) }, (_, i) => rows.slice(i * perTask, (i + 1) * perTask));
  return tasks.map((lines) => new Uint8Array(Buffer.from(lines.join(""))));
}
