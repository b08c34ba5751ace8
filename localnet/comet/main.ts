/** Prints the path of a CometBFT, installing it if need be: `node bootstrap.mjs localnet/comet/main.ts [--line 0.40]`. */
import { parseArgs } from "node:util";
import { obtainCometBFT } from "./obtain.ts";
import { DEFAULT_LINE, RELEASES, isLine } from "./versions.ts";

const { values } = parseArgs({ options: { line: { type: "string", default: DEFAULT_LINE } } });
if (!isLine(values.line)) {
  process.stderr.write(`unknown line ${values.line}; known: ${Object.keys(RELEASES).join(", ")}\n`);
  process.exit(2);
}
try {
  const { path, version, source } = await obtainCometBFT({ line: values.line, onProgress: (message) => process.stderr.write(`${message}\n`) });
  process.stderr.write(`CometBFT ${version} (${source})\n`);
  process.stdout.write(`${path}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
