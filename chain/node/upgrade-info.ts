/** `data/upgrade-info.json`: what a node that stops for an upgrade leaves to its supervisor, in the form that cosmovisor reads. */
import { readFileSync, rmSync } from "node:fs";
import type { HaltError, HaltPlan } from "../runtime/errors.ts";
import { readJson, writeFile, type Home } from "./home.ts";

/** Durable when it returns. Height is a JSON number, time Go's zero: older supervisors take nothing else. */
export function writeUpgradeInfo(home: Home, { name, height, info }: HaltPlan): void {
  writeFile(home.upgradeInfo, JSON.stringify({ name, time: "0001-01-01T00:00:00Z", height: Number(height), ...(info === "" ? {} : { info }) }), { secret: true });
}

/** The plan that the node stopped for; undefined where there is no file. Throws where the file is not one. */
export function readUpgradeInfo(home: Home): { readonly name: string; readonly height: number } | undefined {
  const value = readJson(home.upgradeInfo);
  if (value === undefined) return undefined;
  const { name, height } = (value ?? {}) as { name?: unknown; height?: unknown };
  if (typeof name !== "string" || name === "" || !Number.isSafeInteger(Number(height))) throw new SyntaxError(`${home.upgradeInfo} names no plan and height: ${readFileSync(home.upgradeInfo, "utf8").slice(0, 200)}`);
  return { name, height: Number(height) };
}

/** The file of a plan that is skipped would make a supervisor change builds for it later. */
export function forgetSkipped(home: Home, skipHeights: readonly bigint[]): void {
  const plan = readUpgradeInfo(home);
  if (plan !== undefined && skipHeights.includes(BigInt(plan.height))) rmSync(home.upgradeInfo);
}

/** A halt's words as one line of a log, whatever a plan's info holds. */
export function haltReason({ message }: HaltError): string {
  return message.replace(/[\u0000-\u001f\u007f]+\s*/g, " ");
}
