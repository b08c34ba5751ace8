/** Share of late flights by hour, as bars. */
export function present(output: Uint8Array): string {
  const rows = Buffer.from(output).toString("utf8").trim().split("\n").map((line) => line.split(" ").map(Number) as [number, number, number, number]);
  const lines = rows.map(([hour, flights, late, total]) => {
    const share = late / flights;
    return `${String(hour).padStart(2, "0")}:00 ${String(flights).padStart(7)} ${`${(share * 100).toFixed(1)} %`.padStart(8)} ${(total / flights).toFixed(1).padStart(10)} min  ${"#".repeat(Math.round(share * 50))}`;
  });
  return `hour  flights     late  mean delay      (late: more than 15 minutes)\n${lines.join("\n")}\n`;
}
