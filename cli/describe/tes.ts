import { Option } from "@commander-js/extra-typings";
import { collect, examples, keyed, type Kit } from "../kit.ts";

export function describeTes(kit: Kit): void {
  const { io, program } = kit;
  keyed(kit, program, "tes", "runs tasks of workflow engines (GA4GH TES 1.1) on the market, until Ctrl-C")
    .option("--host <address>", "where it listens; another than this machine's own needs a token or password", "127.0.0.1")
    .option("--port <n>", "0 takes a free one", "8000")
    .option("--state <folder>", "where it keeps tasks, keys and data; default: in the folder for data")
    .option("--token-file <file>", "its first line is the bearer token that clients send")
    .option("--basic-file <file>", "its first line is NAME:PASSWORD that clients send")
    .addOption(new Option("--files <folder>", "file: inputs and outputs may lie below it; several times for several; default: none").argParser(collect))
    .option("--private-network", "http(s) inputs and outputs may be on this machine and in private networks, too")
    .addOption(new Option("--image <name=file>", "the WebAssembly module that an image of this name stands for; several times for several").argParser(collect))
    .option("--class <id>", "capacity class, where a task names none", "wasm.core")
    .option("--limit <price>", "the most for one lot, all in, where a task names none; default: one from the book")
    .addOption(new Option("--verify <level>", "where a task names none: v0: nobody checks; v1: now and then another provider does; v2: two providers run each executor and must agree").choices(["v0", "v1", "v2"] as const).default("v2" as const))
    .option("--lots <n>", "the most lots that one executor may use, where a task names none", "5")
    .option("--max-result <bytes>", "the most that one executor may leave in files, where a task names none", "16777216")
    .option("--organization <name>", "whose money it is: an organization of which you are a member that may spend")
    .addOption(new Option("--tag <key=value>", "a cost tag of every order, before those of the task; several times for several").argParser(collect))
    .option("--parallel <n>", "tasks at a time; others wait", "8")
    .option("--keep <n>", "of tasks that have ended, the latest so many", "10000")
    .option("--service-name <text>", "as service-info says it", "dcm")
    .addHelpText("after", `${examples("dcm tes --files results --image tools=examples/tools/tools.wasm", "dcm tes --host 0.0.0.0 --token-file token --organization acme --tag team=search", "curl -s http://127.0.0.1:8000/ga4gh/tes/v1/service-info")}
What an image is here, and what each state means: worker/gateway/tes/README.md. Standard error has a JSON object a line.
`)
    .action(async (options) => (await import("../tes.ts")).tes(io, options));
}
