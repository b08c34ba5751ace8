/** House rules that no compiler knows. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FieldDescriptorProto_Type, FileDescriptorSet, type DescriptorProto } from "../chain/codec/gen/google/protobuf/descriptor.ts";
import { appModules } from "./simulation/world.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

/** What git tracks and what is there; in an archive without history, what is there. */
function repositoryFiles(): string[] {
  try {
    return execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 64 << 20 }).split("\0").filter((path) => path !== "" && existsSync(`${root}${path}`));
  } catch {
    const skipped = ["node_modules", ".git", ".cache", ".localnet", "coverage"];
    return readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length)).filter((path) => !skipped.some((name) => path.split("/").includes(name)));
  }
}

const files = repositoryFiles();
/** Copies of what others wrote stay as they are. */
const own = files.filter((path) => !path.includes("/gen/") && !path.startsWith("third_party/") && !/^test\/vectors\/.*\.yaml$/.test(path));
const text = own.filter((path) => /\.(ts|mjs|js|md|proto|json|yml|yaml|toml|sh|css|html)$/.test(path) || path.startsWith(".ci/"));
const isTest = (path: string): boolean => path.endsWith(".test.ts");

/** Lines that match, as `path:line: text`. */
function linesWith(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) => read(path).split("\n").flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])));
}

const self = "test/tidy.test.ts";

describe("tidy", () => {
  const sources = text.filter((path) => path !== self && path !== "package-lock.json");

  it("leaves no note of work undone", () => {
    assert.deepEqual(linesWith(sources, /\b(?:TO[D]O|FIX[M]E|X[X]X|H[A]CK)\b/), []);
  });

  it("skips no test and prefers none", () => {
    assert.deepEqual(linesWith(own.filter(isTest), /\b(?:it|describe|context|suite|test)\.(?:skip|only)\b|\bx(?:it|describe)\(|\bthis\.skip\(/), []);
  });

  it("has no drawer for what has no place: no file or folder called utils, helpers or misc", () => {
    assert.deepEqual(own.filter((path) => path.split("/").some((part) => /^(?:utils?|helpers?|misc)(?:\.|$)/.test(part))), []);
  });

  it("names files in kebab-case", () => {
    assert.deepEqual(own.filter((path) => /\.(?:ts|mjs)$/.test(path) && !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*\.(?:ts|mjs)$/.test(path.split("/").at(-1)!) && !path.split("/").at(-1)!.startsWith(".")), []);
  });

  it("knows no machine and no registry but by configuration", () => {
    const paths = linesWith(sources, /(?:^|[\s"'`(=])\/(?:home|root|work|Users)\/[A-Za-z0-9_]/);
    const hosts = linesWith(text.filter((path) => path !== self), /registry\.npmjs\.org|npmmirror|artifactory|nexus\.|proxy\.golang\.org|goproxy\.|\/\/(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.\d/);
    assert.deepEqual([...paths, ...hosts], []);
  });

  it("ends every file with one newline, without trailing spaces or tabs", () => {
    const code = own.filter((path) => /\.(?:ts|mjs|proto)$/.test(path));
    assert.deepEqual(code.filter((path) => !/[^\n]\n$/.test(read(path))), []);
    assert.deepEqual(linesWith(code, /[ \t]+$|^ *\t/), []);
  });

  it("silences no compiler and no linter without a word why", () => {
    assert.deepEqual(linesWith(own.filter((path) => path.endsWith(".ts") && path !== self), /@ts-(?:ignore|nocheck|expect-error)|eslint-disable(?!.* -- )/), []);
  });

  describe("modules", () => {
    const folders = [...new Set(own.flatMap((path) => /^(chain\/modules\/.*)\/module\.ts$/.exec(path)?.[1] ?? []))];

    it("have a README and a test each", () => {
      assert.ok(folders.length > 8, `only ${folders.length} module folders found`);
      assert.deepEqual(folders.filter((folder) => !own.includes(`${folder}/README.md`)), []);
      // A test in a module within a module is of the inner one.
      const owner = (path: string): string | undefined => folders.filter((folder) => path.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length)[0];
      const tested = new Set(own.filter(isTest).map(owner));
      assert.deepEqual(folders.filter((folder) => !tested.has(folder)), []);
    });

    it("have one message a file, which gives signers, check, execute and arbitrary", () => {
      const messages = own.filter((path) => /^chain\/modules\/.*\/messages\/[^/]+\.ts$/.test(path) && !isTest(path) && /\bMessageHandler</.test(read(path)));
      assert.ok(messages.length > 20, `only ${messages.length} message files found`);
      const lacking = messages.flatMap((path) => ["signers", "check", "execute", "arbitrary"].filter((part) => !new RegExp(`\\b${part}\\b\\s*[:(,]`).test(read(path))).map((part) => `${path}: no ${part}`));
      assert.deepEqual(lacking, []);
      const service = (path: string): string => path.split("/messages/")[0]!;
      const handled = appModules().reduce((sum, module) => sum + module.messages.length, 0);
      assert.equal(messages.length, handled, `message files of ${[...new Set(messages.map(service))].join(", ")} against messages that the app handles`);
    });

    it("have names, error codes and stores that are their own", () => {
      const modules = appModules();
      const stores = modules.flatMap((module) => module.stores);
      assert.equal(new Set(stores).size, stores.length);
      assert.equal(new Set(modules.map((module) => module.name)).size, modules.length);
      const codes = modules.flatMap((module) => Object.values(module.errors ?? {}).map(({ codespace, code }) => `${codespace} ${code}`));
      assert.equal(new Set(codes).size, codes.length);
    });

    it("list in their READMEs exactly the codes that they have, where they list them", () => {
      const modules = appModules();
      for (const folder of folders) {
        const rows = tableRows(section(read(`${folder}/README.md`), /^#+ .*\bErrors\b/i)).map(([code]) => code ?? "").filter((code) => /^\d+$/.test(code));
        if (rows.length === 0) continue;
        const name = /\bname: "([a-z0-9]+)"/.exec(read(`${folder}/module.ts`))?.[1];
        const codes = Object.values(modules.find((module) => module.name === name)?.errors ?? {}).map(({ code }) => String(code));
        assert.deepEqual([...rows].sort(byNumber), [...codes].sort(byNumber), `${folder}/README.md: error table against errors.ts`);
      }
    });
  });

  describe("requirements", () => {
    const listed = new Map<string, string>();
    const twice: string[] = [];
    for (const path of own.filter((one) => one.endsWith("README.md"))) {
      const here = tableRows(read(path)).flatMap(([cell]) => requirementIds(cell ?? ""));
      for (const id of new Set(here)) listed.set(id, path);
      twice.push(...here.filter((id, i) => here.indexOf(id) !== i).map((id) => `${id} (${path})`));
    }
    const prefixes = new Set([...listed.keys()].map((id) => id.split("-")[0]!));
    const cited = new Map<string, string>();
    for (const path of own.filter(isTest)) {
      for (const [title] of read(path).matchAll(/(?:\b(?:it|describe)|\bfor \(const .*)\((["'`])(?:\\.|(?!\1).)*\1|\b(?:name|title|words): "(?:[A-Z]+-\d+)[^"]*"/gs)) for (const id of requirementIds(title)) cited.set(id, path);
    }

    it("have an id of their own within a README", () => {
      assert.deepEqual(twice, []);
    });

    it("of the READMEs each stand in a test's title", () => {
      assert.ok(listed.size > 50, `only ${listed.size} requirements found`);
      assert.deepEqual([...listed].filter(([id]) => !cited.has(id)).map(([id, path]) => `${id} (${path})`), []);
    });

    it("in test titles each stand in a README", () => {
      assert.deepEqual([...cited].filter(([id]) => prefixes.has(id.split("-")[0]!) && !listed.has(id)).map(([id, path]) => `${id} (${path})`), []);
    });
  });

  it("names every end-to-end test in the README of its folder", () => {
    const lacking = own.filter((path) => path.startsWith("test/e2e/") && isTest(path)).filter((path) => {
      const folder = path.slice(0, path.lastIndexOf("/"));
      const readme = [`${folder}/README.md`, "test/e2e/README.md"].find((one) => own.includes(one))!;
      return !read(readme).includes(`\`${path.slice(folder.length + 1)}\``);
    });
    assert.deepEqual(lacking, []);
  });

  describe("wire contracts", () => {
    const image = FileDescriptorSet.decode(readFileSync(`${root}chain/codec/gen/image.binpb`));
    const ours = image.file.filter((file) => file.package?.startsWith("dcm.") === true);

    /** Every field, nested messages included. */
    function fields(messages: readonly DescriptorProto[], within: string): { readonly name: string; readonly type: number; readonly typeName: string }[] {
      return messages.flatMap((message) => [
        ...message.field.map((field) => ({ name: `${within}.${message.name ?? ""}.${field.name ?? ""}`, type: field.type ?? 0, typeName: field.typeName ?? "" })),
        ...fields(message.nestedType, `${within}.${message.name ?? ""}`),
      ]);
    }

    /** Messages on their way: never stored. */
    const carried = ["dcm.session.v1.MsgExecSession.messages", "dcm.session.v1.MsgExecSessionResponse.responses"];

    it("have no float, no map and no Any but for messages that one message carries: what is stored has one encoding", () => {
      assert.ok(ours.length > 10, `only ${ours.length} files of ours in the image`);
      const all = ours.flatMap((file) => fields(file.messageType, file.package ?? ""));
      assert.deepEqual(all.filter(({ type }) => type === FieldDescriptorProto_Type.TYPE_FLOAT || type === FieldDescriptorProto_Type.TYPE_DOUBLE).map(({ name }) => name), []);
      assert.deepEqual(all.filter(({ typeName }) => typeName === ".google.protobuf.Any").map(({ name }) => name), carried);
      const maps = ours.flatMap((file) => file.messageType.flatMap((message) => message.nestedType.filter((nested) => nested.options?.mapEntry === true).map((nested) => `${message.name ?? ""}.${nested.name ?? ""}`)));
      assert.deepEqual(maps, []);
    });

    it("name the signer of every message of ours", () => {
      const lacking = ours.flatMap((file) => file.service.filter((service) => service.name === "Msg").flatMap((service) => service.method.map((method) => method.inputType ?? ""))).filter((inputType) => {
        const source = text.filter((path) => path.startsWith("proto/dcm/") && path.endsWith("tx.proto")).map(read).join("\n");
        const body = new RegExp(`message ${inputType.split(".").at(-1)!} \\{[^}]*`).exec(source)?.[0] ?? "";
        return !body.includes("cosmos.msg.v1.signer");
      });
      assert.deepEqual(lacking, []);
    });

    it("are the source of the generated code: every proto file of ours is in the image", () => {
      const sources = own.filter((path) => path.startsWith("proto/") && path.endsWith(".proto")).map((path) => path.slice("proto/".length));
      const known = new Set(image.file.map((file) => file.name));
      assert.deepEqual(sources.filter((name) => !known.has(name)), []);
    });
  });
});

/** `MKT-1, 2` and `MKT-30 .. 48` count as all that they name. */
function requirementIds(cell: string): string[] {
  const out: string[] = [];
  for (const [, prefix, first, more] of cell.matchAll(/\b([A-Z]{2,})-(\d+)((?:(?:, ?| ?\.\. ?)\d+)*)/g)) {
    if (["SHA", "UTF", "ICS", "RIPEMD", "ADR", "RFC", "BLS", "ISO"].includes(prefix!)) continue;
    let last = Number(first);
    out.push(`${prefix}-${last}`);
    for (const [, separator, number] of more!.matchAll(/(,| ?\.\.) ?(\d+)/g)) {
      const to = Number(number);
      for (let i = separator!.includes("..") ? last + 1 : to; i <= to; i++) out.push(`${prefix}-${i}`);
      last = to;
    }
  }
  return out;
}

/** Cells of each row of the text's tables. */
function tableRows(markdown: string): string[][] {
  return markdown.split("\n").filter((line) => line.startsWith("|") && !/^\|[-:| ]+\|$/.test(line)).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
}

/** The part under the first heading that matches, up to the next heading. */
function section(markdown: string, heading: RegExp): string {
  const lines = markdown.split("\n");
  const from = lines.findIndex((line) => heading.test(line));
  if (from < 0) return "";
  const to = lines.findIndex((line, i) => i > from && line.startsWith("#"));
  return lines.slice(from + 1, to < 0 ? undefined : to).join("\n");
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}
