// The runtime of compiled programs: what a module may import, and operations that the machine has no instructions for.
export * from "./f32";
export * from "./f64";
export { memory_copy, memory_fill } from "./copy";
export { i64_div_s, i64_div_u, i64_rem_s, i64_rem_u } from "./integer";
export { begin, finish, finishTrap } from "./result";
export * from "./dcm";
export * from "./wasi";
