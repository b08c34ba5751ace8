/** For tests of the runner itself: networks of the counter that the ABCI server's README shows. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readmeCounter } from "../chain/abci/testing.ts";
import { type HomeBuilder, type NetworkPlan, type NodePlan, cometConfig } from "./plan.ts";
import { tailFile } from "./process.ts";
import { editToml } from "./toml.ts";

interface Genesis {
  chain_id: string;
  validators: unknown[];
}

const appFolder = ({ home }: NodePlan): string => join(home, "app");
const configFile = ({ home }: NodePlan, name: string): string => join(home, "config", name);
/** Short: a socket's path has at most 107 bytes. */
const socketOf = ({ home }: NodePlan): string => `unix://${join(home, "s")}`;

export const counterBuilder: HomeBuilder = {
  build: (plan) => {
    const { path } = plan.comet;
    const comet = (node: NodePlan, ...args: string[]): string => execFileSync(path, [...args, "--home", node.home], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const fresh = !existsSync(configFile(plan.nodes[0]!, "genesis.json"));
    if (fresh) {
      for (const node of plan.nodes) comet(node, "init");
      writeGenesis(plan);
    }
    const ids = new Map(plan.nodes.map((node) => [node.name, comet(node, "show-node-id")]));
    for (const node of plan.nodes) {
      const file = configFile(node, "config.toml");
      writeFileSync(file, editToml(readFileSync(file, "utf8"), cometConfig(node, plan, ids)));
      rmSync(appFolder(node), { recursive: true, force: true });
      mkdirSync(appFolder(node));
    }
    return Promise.resolve();
  },
  processes: (node, { comet }) => {
    const appLog = node.logFile("app");
    return [
      { name: `${node.name}/app`, ...readmeCounter(appFolder(node), socketOf(node)), logFile: appLog, restart: true, ready: () => Promise.resolve(tailFile(appLog).includes("listening at")) },
      { name: `${node.name}/comet`, command: comet.path, args: ["start", "--home", node.home, "--proxy_app", socketOf(node)], logFile: node.logFile("comet"), restart: true },
    ];
  },
};

/** One genesis for all, with every validator of the plan. */
function writeGenesis({ manifest, nodes }: NetworkPlan): void {
  const read = (node: NodePlan): Genesis => JSON.parse(readFileSync(configFile(node, "genesis.json"), "utf8")) as Genesis;
  const genesis = read(nodes[0]!);
  genesis.chain_id = manifest.chainId;
  genesis.validators = nodes.filter(({ role }) => role === "validator").flatMap((node) => read(node).validators);
  for (const node of nodes) writeFileSync(configFile(node, "genesis.json"), JSON.stringify(genesis));
}
