/** The module itself, for markets in memory: their tests put the real organizations beside them. */
export { organizationModule } from "./module.ts";
