/** dcm providers: who sells, what they say of themselves, and how they did. */
import type { ProviderInfo } from "../chain/codec/gen/dcm/staking/v1/query.ts";
import type { Connection } from "../client/connection.ts";
import { allPages } from "../client/pages.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { openNet, type NetOptions } from "./net.ts";
import { grouped } from "./screen.ts";

export interface ProvidersOptions extends NetOptions {
  readonly active?: true | undefined;
  readonly attribute?: string | undefined;
  readonly json?: true | undefined;
}

/** So many are asked for at a time. */
const parallel = 16;

export async function providers(io: Io, options: ProvidersOptions): Promise<void> {
  const [attributeKey = "", attributeValue = "", ...more] = options.attribute?.split("=") ?? [];
  if (options.attribute !== undefined && (attributeKey === "" || more.length > 0)) throw new CliError(exitCodes.usage, `--attribute ${JSON.stringify(options.attribute.slice(0, 100))} is no attribute`, "It is KEY or KEY=VALUE, e.g. jurisdiction=CH.");
  const { connection } = await openNet(io, options);
  try {
    const found = await allPages((pagination) => connection.query.providers.providers({ pagination, attributeKey, attributeValue, activeOnly: options.active === true }), (page) => page.providers);
    const all = await withStatistics(connection, found);
    print(io, options.json, all, all.length === 0 ? "" : columns([
      ["name", "address", "state", "bond", "finished", "missed", "slashed", "organization", "attributes"],
      ...all.map(({ operator, profile, bond, active, inactiveReason, statistics }) => [
        profile!.moniker, operator, active ? "active" : inactiveReason, grouped(bond!.total), grouped(statistics.finished), grouped(statistics.missed), grouped(statistics.slashed), profile!.organization, profile!.attributes.map(({ key, value }) => `${key}=${value}`).join(","),
      ]),
    ]));
    if (all.length === 0) io.stderr("there is no such provider\n");
  } finally {
    connection.close();
  }
}

async function withStatistics({ query }: Connection, all: readonly ProviderInfo[]) {
  const out = [];
  for (let i = 0; i < all.length; i += parallel) {
    out.push(...await Promise.all(all.slice(i, i + parallel).map(async (one) => ({ ...one, statistics: (await query.providers.statistics({ operator: one.operator })).statistics! }))));
  }
  return out;
}

/** What providers call themselves, by address. */
export async function providerNames({ query }: Connection): Promise<Map<string, string>> {
  const all = await allPages((pagination) => query.providers.providers({ pagination }), (page) => page.providers);
  return new Map(all.map(({ operator, profile }) => [operator, profile?.moniker ?? operator]));
}
