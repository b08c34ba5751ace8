// Imports point left: gen, math <- store, codec <- runtime <- ante, modules <- app <- main. Workers and clients see the chain through `client`.
const base = "^chain/";
export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "math-stands-alone", severity: "error", from: { path: `${base}math/` }, to: { path: `${base}(?!math/)` } },
    { name: "codec-below-runtime", severity: "error", from: { path: `${base}codec/` }, to: { path: `${base}(?!codec/|math/)` } },
    // Pure functions, shared with workers.
    { name: "vm-stands-alone", severity: "error", from: { path: `${base}vm/`, pathNot: "(\\.test|/testing)\\.ts$" }, to: { path: `${base}(?!vm/|codec/(hash|bytes)\\.ts|math/)` } },
    { name: "store-below-runtime", severity: "error", from: { path: `${base}store/` }, to: { path: `${base}(?!store/|codec/|math/)` } },
    { name: "abci-knows-no-module", severity: "error", from: { path: `${base}abci/` }, to: { path: `${base}(?!abci/|codec/)` } },
    { name: "runtime-below-modules", severity: "error", from: { path: `${base}runtime/` }, to: { path: `${base}(ante|modules|node|app\\.ts|main\\.ts)` } },
    { name: "modules-below-app", severity: "error", from: { path: `${base}(modules|ante)/` }, to: { path: `${base}(node|abci|app\\.ts|main\\.ts)` } },
    {
      name: "modules-meet-in-ports", severity: "error",
      from: { path: "^chain/modules/([^/]+)/", pathNot: "(\\.test|/testing[a-z-]*)\\.ts$" },
      to: { path: "^chain/modules/([^/]+)/", pathNot: ["^chain/modules/$1/", "^chain/modules/[^/]+/(ports|testing|arbitrary)\\.ts$", "^chain/modules/[^/]+/[^/]+/(ports|testing|arbitrary)\\.ts$"] },
    },
    { name: "worker-through-client", severity: "error", from: { path: "^(worker|client)/", pathNot: "\\.test\\.ts$" }, to: { path: "^chain/(?!vm/|codec/|math/)" } },
    // One form of keys at rest for both commands: what dcm wrote, dcmd opens.
    { name: "cli-through-client", severity: "error", from: { path: "^cli/", pathNot: "\\.test\\.ts$" }, to: { path: "^chain/(?!vm/|codec/|math/|node/keyring/)" } },
    { name: "keyring-alone", severity: "error", from: { path: "^chain/node/keyring/" }, to: { path: "^chain/(?!node/keyring/|node/home\\.ts|codec/)" } },
    { name: "client-below-worker", severity: "error", from: { path: "^client/" }, to: { path: "^(worker|cli|localnet|test)/" } },
  ],
  options: { tsPreCompilationDeps: true, tsConfig: { fileName: "tsconfig.json" }, doNotFollow: { path: "node_modules" }, exclude: { path: "^chain/codec/gen/" } },
};
