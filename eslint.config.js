import tseslint from "typescript-eslint";

const consensus = ["chain/{store,codec,math,runtime,ante,modules,vm}/**/*.ts"];
const outside = ["**/*.test.ts", "**/testing.ts", "**/testing-*.ts", "chain/codec/verifier-pool*.ts", "chain/store/disk/**/*.ts"];

/** for-of, spread and forEach over a Map or Set: the order is that of insertion, so it must not reach the state. */
const noMapIteration = {
  meta: { type: "problem", schema: [], messages: { order: "Iterate the store or a sorted array; a {{type}} iterates in the order of insertion." } },
  create(context) {
    const services = context.sourceCode.parserServices;
    const checker = services.program.getTypeChecker();
    const typeName = (node) => checker.getApparentType(services.getTypeAtLocation(node)).getSymbol()?.getName();
    const unordered = new Set(["Map", "Set", "WeakMap", "ReadonlyMap", "ReadonlySet", "MapIterator", "SetIterator"]);
    const check = (node) => {
      const type = typeName(node);
      if (unordered.has(type)) context.report({ node, messageId: "order", data: { type } });
    };
    return {
      ForOfStatement: (node) => check(node.right),
      "CallExpression[callee.property.name='forEach']": (node) => check(node.callee.object),
    };
  },
};

const strictTypes = {
  "@typescript-eslint/no-explicit-any": "error",
  "@typescript-eslint/no-floating-promises": "error",
  "@typescript-eslint/no-misused-promises": "error",
  "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
  "@typescript-eslint/ban-ts-comment": "error",
  "@typescript-eslint/consistent-type-imports": "error",
  "no-restricted-syntax": ["error", { selector: "MemberExpression[object.name=/^(it|describe)$/][property.name=/^(skip|only)$/]", message: "No skipped or exclusive tests." }],
};

export default tseslint.config(
  { ignores: ["node_modules/", ".cache/", ".localnet/", "chain/codec/gen/", "**/*.wasm", "**/assembly/**", "coverage/"] },
  {
    files: ["**/*.ts"],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@typescript-eslint": tseslint.plugin, dcm: { rules: { "no-map-iteration": noMapIteration } } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: strictTypes,
  },
  {
    files: consensus,
    ignores: outside,
    rules: {
      "dcm/no-map-iteration": "error",
      "no-restricted-globals": [
        "error",
        ...["Date", "performance", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "process", "globalThis", "Intl", "fetch", "crypto", "WeakRef", "FinalizationRegistry"].map((name) => ({ name, message: "Consensus code takes this from the context." })),
      ],
      "no-restricted-imports": ["error", { patterns: [{ regex: "^(node:|fs$|path$|os$|crypto$|util$)", message: "Use chain/codec/hash.ts and its neighbours." }] }],
      "no-restricted-properties": [
        "error",
        { object: "JSON", property: "stringify", message: "Use the canonical encoder." },
        ...["random", "pow", "sqrt", "cbrt", "exp", "log", "sin", "cos", "tan", "hypot", "fround"].map((property) => ({ object: "Math", property, message: "Use chain/math." })),
        { property: "localeCompare", message: "Use compareBytes." },
        { property: "toLocaleString", message: "Use toString." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: ":function[async=true]", message: "Handlers are synchronous." },
        { selector: "AwaitExpression", message: "Handlers are synchronous." },
        { selector: "ForInStatement", message: "Use a sorted array." },
        { selector: "CallExpression[callee.property.name=/^(sort|toSorted)$/][arguments.length=0]", message: "Give sort a comparator." },
      ],
      "@typescript-eslint/require-array-sort-compare": ["error", { ignoreStringArrays: false }],
    },
  },
  {
    // The doors to the platform that consensus code may use, and nothing else may be behind them.
    files: ["chain/codec/{hash,secp256k1,ed25519,bls,descriptors}.ts", "chain/store/**/*.ts"],
    rules: { "no-restricted-imports": "off", "no-restricted-syntax": "off", "no-restricted-globals": "off", "no-restricted-properties": "off" },
  },
);
