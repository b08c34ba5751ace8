/** `npm start`: a whole market on this machine. */
import { help, readOptions, UsageError } from "./options.ts";
import { wrap } from "../cli/screen.ts";

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === undefined) process.stdout.write(help);
  else await (await import("./session.ts")).runSession(options);
} catch (error) {
  const { isTTY, columns } = process.stderr;
  const said = `dcm: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${isTTY ? said.split("\n").map((line) => wrap(line, columns, 5)).join("\n") : said}\n`);
  if (error instanceof UsageError) process.stderr.write("     npm start -- --help shows the options\n");
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
