import { Option } from "@commander-js/extra-typings";
import { collect, common, examples, keyed, reading, type Kit } from "../kit.ts";

export function describeServices(kit: Kit): void {
  const { io, program } = kit;
  const service = common(kit, program.command("service")).description("programs that answer calls, served and paid by the minute").addHelpText("after", examples("dcm service run examples/classify", "dcm service list"));
  const which = "a service such as 5, or its instance such as 5/0";
  keyed(kit, service, "run", "orders a service and waits until it answers").argument("<file>", "a service file, or the folder of its service.json, e.g. examples/classify")
    .option("--limit <price>", "the most for one minute, all in; default: the file's, or one from the book")
    .option("--minutes <n>", "prefunded for each instance; default: the file's lots")
    .option("--instances <n>", "how many; default: the file's")
    .option("--organization <name>", "whose money it is: an organization of which you are a member that may spend")
    .addOption(new Option("--tag <key=value>", "a cost tag for budgets and bills; several times for several").argParser(collect))
    .addHelpText("after", examples("dcm service run examples/classify", "dcm service run service.json --minutes 60 --limit 150000"))
    .action(async (file, options) => (await import("../service.ts")).run(io, file, options));
  keyed(kit, service, "list", "your services, the latest first")
    .option("--live", "only those that have not ended")
    .addHelpText("after", examples("dcm service list --live"))
    .action(async (options) => (await import("../service.ts")).list(io, options));
  reading(kit, service, "call", "asks a service; its answer goes to stdout, the program's exit code is the command's").argument("<id>", which)
    .option("--body <file>", "what it is asked; - is standard input; default: nothing")
    .option("--hex", "the answer in hexadecimal digits")
    .addHelpText("after", examples("dcm service call 5 --body examples/classify/penguins.bin --hex", "echo hello | dcm service call 5/0 --body -"))
    .action(async (id, options) => (await import("../service.ts")).call(io, id, options));
  keyed(kit, service, "top-up", "pays for more time").argument("<id>", which).argument("<amount>", "for each instance, in the service's denom")
    .option("--organization <name>", "whose money it is; default: the service's")
    .addHelpText("after", examples("dcm service top-up 5 100000"))
    .action(async (id, amount, options) => (await import("../service.ts")).topUp(io, id, amount, options));
  keyed(kit, service, "keep", "stays with a service until Ctrl-C: hands its key to a new provider where one fails, serves its program, tops it up").argument("<id>", "a service such as 5")
    .option("--amount <amount>", "tops each instance up by this much when it runs short; default: it does not")
    .option("--below <seconds>", "short is what lasts for less", "60")
    .addHelpText("after", examples("dcm service keep 5 --amount 100000 --below 120"))
    .action(async (id, options) => (await import("../service.ts")).keep(io, id, options));
  keyed(kit, service, "close", "ends a service, or one instance of it; what was not used comes back").argument("<id>", which)
    .addHelpText("after", examples("dcm service close 5", "dcm service close 5/1"))
    .action(async (id, options) => (await import("../service.ts")).close(io, id, options));
}
