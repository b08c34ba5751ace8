import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../chain/codec/hash.ts";
import { toHex } from "../chain/codec/bytes.ts";
import { loadJob, parseJob } from "../worker/job-file.ts";
import { loadService, parseService } from "../worker/service-file.ts";
import { runLocally } from "../worker/local.ts";
import { rv32Backend } from "../worker/sandbox/rv32-backend.ts";
import { wasmBackend } from "../worker/sandbox/wasm-backend.ts";
import { compileAssemblyScript, compileC } from "./build.ts";
import { labelsOf, modelOf, requestOf } from "./classify/model.ts";
import { penguins } from "./kmeans/inputs.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const backend = wasmBackend();

interface Expected {
  readonly outputSha256: string;
  readonly programSha256: string;
  /** Weighted instructions of each task, wave by wave. */
  readonly meters: readonly (readonly string[])[];
}

describe("examples", function () {
  this.timeout(60_000);

  for (const name of ["kmeans", "regression", "histogram"]) {
    it(`${name} gives the expected bytes, meters and table`, async () => {
      const loaded = await loadJob(join(folder, name));
      const { output, waves } = await runLocally(loaded, backend);
      const found: Expected = { outputSha256: toHex(sha256(output)), programSha256: toHex(sha256(loaded.program)), meters: waves.map((wave) => wave.map(({ meter }) => String(meter))) };
      assert.deepEqual(found, JSON.parse(readFileSync(join(folder, name, "expected.json"), "utf8")));
      assert.equal(loaded.present(output), readFileSync(join(folder, name, "expected.txt"), "utf8"));
    });
  }

  it("histogram comes to the same table on the refereed machine", async () => {
    const loaded = await loadJob(join(folder, "histogram"), "refereed.json");
    const { output } = await runLocally(loaded, rv32Backend());
    assert.equal(loaded.present(output), readFileSync(join(folder, "histogram", "expected.txt"), "utf8"));
  });

  for (const name of ["classify", "kmeans", "regression"]) {
    it(`${name} compiles to the committed module`, async () => {
      assert.deepEqual(Buffer.from(await compileAssemblyScript(name)), readFileSync(join(folder, name, `${name}.wasm`)));
    });
  }

  it("classify says of each penguin what k-means found", async () => {
    const { output } = await runLocally(await loadJob(join(folder, "kmeans")), backend);
    const answer = await backend.run({
      module: readFileSync(join(folder, "classify", "classify.wasm")), input: requestOf(penguins()), args: [modelOf(output)],
      limits: { maxMeter: 100_000_000n, memoryBytes: 16 << 20, outputBytes: 4_096, wallMs: 30_000 },
    });
    assert.equal(answer.status, "ok");
    assert.deepEqual(Buffer.from(answer.output), Buffer.from(labelsOf(output)));
    // Its service file has the model that k-means gives; the request beside it is the first penguin of each species.
    assert.deepEqual(loadService(join(folder, "classify", "service.json")).service.arguments, { args: [modelOf(output)] });
    const rows = penguins();
    assert.deepEqual(readFileSync(join(folder, "classify", "penguins.bin")), Buffer.from(requestOf([...new Set(rows.map(({ Species }) => Species))].map((species) => rows.find((one) => one.Species === species)!))));
  });

  it("histogram compiles, where clang and wasi-libc are installed, to a module with the committed one's result", async () => {
    const module = compileC("histogram");
    const loaded = await loadJob(join(folder, "histogram"));
    const { output } = await runLocally({ ...loaded, program: module ?? loaded.program }, backend);
    assert.equal(loaded.present(output), readFileSync(join(folder, "histogram", "expected.txt"), "utf8"));
  });

  it("have job files whose mistakes are named", () => {
    const good = JSON.parse(readFileSync(join(folder, "kmeans", "job.json"), "utf8")) as Record<string, unknown>;
    const wave = (good["waves"] as object[])[0]!;
    const cases: [object, RegExp][] = [
      [{ ...good, class: "gpu" }, /class must be wasm\.core or rv32\.core, not "gpu"/],
      [{ ...good, limitPrice: -1 }, /limitPrice must be a whole number from 1 to 10\^18, not -1/],
      [{ ...good, verification: "V4" }, /verification must be V0, V1, V2 or V3/],
      [{ ...good, verification: "V1", replicas: 2 }, /replicas must be 1 with V1, not 2/],
      [{ ...good, verification: "V3", replicas: 3 }, /replicas must be 1 to 2 with V3, not 3/],
      [{ ...good, verification: "V2", replicas: 2.5 }, /replicas must be 2 to 5 with V2, not 2.5/],
      [{ ...good, sealed: "no" }, /sealed must be true or false/],
      [{ ...good, program: "../x.wasm" }, /program must be the name/],
      [{ ...good, prize: 1 }, /unknown field prize/],
      [{ ...good, waves: [] }, /waves must be a list/],
      [{ ...good, waves: [{ ...wave, kind: "reduce" }] }, /waves\[0\]\.kind must be map/],
      [{ ...good, waves: [wave, { ...wave, kind: "reduce", lots: 1.5 }] }, /waves\[1\]\.lots must be a whole number/],
    ];
    for (const [job, pattern] of cases) assert.throws(() => parseJob(JSON.stringify(job)), pattern);
    assert.throws(() => parseJob("{"), /not JSON/);
    assert.deepEqual([good, { ...good, limitPrice: undefined }].map((job) => parseJob(JSON.stringify(job)).limitPrice), [200_000n, undefined]);
    const replicasOf = (change: object): number => parseJob(JSON.stringify({ ...good, ...change })).replicas;
    assert.deepEqual([{ verification: "V0" }, { verification: "V2" }, { verification: "V2", replicas: 3 }, { verification: "V3" }, { verification: "V3", replicas: 2 }].map(replicasOf), [1, 2, 3, 1, 2]);
  });

  it("have service files whose mistakes are named", () => {
    const good = JSON.parse(readFileSync(join(folder, "classify", "service.json"), "utf8")) as Record<string, unknown>;
    const sla = { minAvailabilityBps: 9_000, maxLatencyMs: 500, periodMs: 60_000, creditBps: 5_000 };
    const cases: [object, RegExp][] = [
      [{ ...good, class: "GPU" }, /class must be the id of a class that is metered by time, not "GPU"/], [{ ...good, program: "../x.wasm" }, /program must be the name/], [{ ...good, lots: 0 }, /lots must be a whole number from 1/], [{ ...good, prize: 1 }, /unknown field prize/],
      [{ ...good, args: [1] }, /args must be at most 64 strings/], [{ ...good, preemptible: "yes" }, /preemptible must be true or false, not "yes"/], [{ ...good, instances: 1_025 }, /instances must be at most 1,024/],
      [{ ...good, sla: { ...sla, creditBps: 10_001 } }, /sla\.creditBps must be at most 10,000/], [{ ...good, sla: { minAvailabilityBps: 1 } }, /sla\.maxLatencyMs must be a whole number .* not missing/],
    ];
    for (const [service, pattern] of cases) assert.throws(() => parseService(JSON.stringify(service)), pattern);
    assert.throws(() => parseService("{"), /not JSON/);
    assert.deepEqual(parseService(JSON.stringify({ ...good, sla })).sla, { minAvailabilityBps: 9_000, maxLatencyMs: 500n, periodMs: 60_000n, creditBps: 5_000 });
    const schema = JSON.parse(readFileSync(join(folder, "service.schema.json"), "utf8")) as { properties: object };
    assert.throws(() => parseService(JSON.stringify({ ...good, prize: 1 })), new RegExp(`known are ${Object.keys(schema.properties).join(", ").replace("$", "\\$")}`));
  });
});
