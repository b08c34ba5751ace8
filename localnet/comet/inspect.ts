import { execFile } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Go writes into each binary which module version it was built from. `version` alone is no guide: 0.40.0 says that it is 0.39.0. */
const BUILD_INFO = /\tgithub\.com\/cometbft\/cometbft\tv(\d+\.\d+\.\d+)(?:\t|\n)/;
const BUILD_INFO_MARK = "\tgithub.com/cometbft/cometbft\tv";

/**
 * The version of a CometBFT binary, from its build information where it has a release's, else as it reports itself. Rejects where
 * the file is missing, cannot run or is something else.
 */
export async function inspectCometBFT(path: string): Promise<string> {
  const { stdout } = await run(path, ["version"], { timeout: 20_000, maxBuffer: 1 << 16 });
  const reported = /(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  const bytes = await readFile(await realpath(path));
  for (let at = bytes.indexOf(BUILD_INFO_MARK); at !== -1; at = bytes.indexOf(BUILD_INFO_MARK, at + 1)) {
    const built = BUILD_INFO.exec(bytes.toString("latin1", at, at + 120))?.[1];
    if (built !== undefined) return built;
  }
  if (reported === undefined) throw new Error(`it reports "${stdout.trim().slice(0, 80)}" as its version: not a CometBFT`);
  return reported;
}
