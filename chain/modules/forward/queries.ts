/** dcm.forward.v1.Query. */
import { QueryDefinition, type Level } from "../../codec/gen/dcm/forward/v1/query.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { maxPageScan, paginate } from "../../runtime/queries.ts";
import { buys, orders, ordersByOrganization, ordersByOwner, params, positions, positionsByHolder, positionsByOrganization, positionsBySeller, sells, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { ForwardPorts } from "./ports.ts";

const notFound = (what: string): never => {
  throw new QueryError("NotFound", `${what} does not exist any more, or never did`);
};

/** Fails where a list is asked for by more than one thing, or by what is too long for a name. */
function oneOf(what: string, by: Readonly<Record<string, string>>): void {
  const given = Object.keys(by).filter((name) => by[name] !== "");
  if (given.length > 1) throw new QueryError("InvalidArgument", `${what} are listed by ${Object.keys(by).join(" or by ")}, not by ${given.join(" and ")}`);
  if ((by["organization"] ?? "").length > 64) throw new QueryError("InvalidArgument", "organization is longer than a name");
}

export function forwardQueries(ports: ForwardPorts): BoundQuery[] {
  return queryService(QueryDefinition, {
    params: (ctx) => ({ params: params.get(ctx), tau: ports.clock.tau(ctx) }),
    book(ctx, { classId, quoteDenom, slotTau, levels }) {
      if (classId === "" || quoteDenom === "" || classId.length > 64 || quoteDenom.length > 128) throw new QueryError("InvalidArgument", "class_id, quote_denom and slot_tau name a slot; all are needed");
      const most = levels === 0 ? 20 : Math.min(levels, 500);
      const slot = within.slot(classId, quoteDenom, slotTau);
      return { sells: levelsOf(ctx, sells, slot, most), buys: levelsOf(ctx, buys, slot, most) };
    },
    orders(ctx, request) {
      const { owner, organization } = request;
      oneOf("orders", { owner, organization });
      const { items, pagination } = owner !== ""
        ? paginate(ctx, ordersByOwner, request.pagination, ([, id]) => orders.find(ctx, id), within.address(queryAddress(owner)))
        : organization !== ""
          ? paginate(ctx, ordersByOrganization, request.pagination, ([, id]) => orders.find(ctx, id), within.organization(organization))
          : paginate(ctx, orders, request.pagination, (_, order) => order);
      return { orders: items, pagination };
    },
    order: (ctx, { orderId }) => ({ order: orders.find(ctx, orderId) ?? notFound(`order ${orderId}`) }),
    positions(ctx, request) {
      const { holder, seller, organization } = request;
      oneOf("positions", { holder, seller, organization });
      const { items, pagination } = organization !== ""
        ? paginate(ctx, positionsByOrganization, request.pagination, ([, id]) => positions.find(ctx, id), within.organization(organization))
        : holder === "" && seller === ""
          ? paginate(ctx, positions, request.pagination, (_, position) => position)
          : paginate(ctx, holder !== "" ? positionsByHolder : positionsBySeller, request.pagination, ([, id]) => positions.find(ctx, id), within.address(queryAddress(holder === "" ? seller : holder)));
      return { positions: items, pagination };
    },
    position: (ctx, { positionId }) => ({ position: positions.find(ctx, positionId) ?? notFound(`position ${positionId}`) }),
  });
}

/** Orders of one side by price, best first. */
function levelsOf(ctx: Context, side: typeof sells, slot: Uint8Array, most: number): Level[] {
  const levels: Level[] = [];
  let scanned = 0;
  for (const [[[, , , lots], [, , id]]] of side.entries(ctx, { within: slot })) {
    if (++scanned > maxPageScan) break;
    const order = orders.find(ctx, id)!;
    const last = levels.at(-1);
    if (last?.price === order.price && last.lots === lots) {
      last.units += BigInt(order.units);
      last.orders++;
      continue;
    }
    if (levels.length >= most) break;
    levels.push({ price: order.price, lots, units: BigInt(order.units), orders: 1 });
  }
  return levels;
}
