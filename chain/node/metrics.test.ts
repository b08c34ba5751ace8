import assert from "node:assert/strict";
import { Metrics } from "./metrics.ts";

describe("metrics", () => {
  it("give mempool checks as a histogram, by kind, and nothing of a kind that did not come", async () => {
    const metrics = new Metrics();
    for (const ms of [0.005, 0.02, 0.02, 0.5, 200]) metrics.checkTx(false, ms);
    const lines = (await metrics.registry.metrics()).split("\n").filter((line) => line.includes("dcm_check_tx_seconds"));
    assert.deepEqual(lines.map((line) => line.replace(/(_sum\S*) .*/, "$1 about 0.2")), [
      "# HELP dcm_check_tx_seconds Mempool checks",
      "# TYPE dcm_check_tx_seconds histogram",
      'dcm_check_tx_seconds_bucket{le="0.00001",kind="new"} 1',
      'dcm_check_tx_seconds_bucket{le="0.00003",kind="new"} 3',
      'dcm_check_tx_seconds_bucket{le="0.0001",kind="new"} 3',
      'dcm_check_tx_seconds_bucket{le="0.0003",kind="new"} 3',
      'dcm_check_tx_seconds_bucket{le="0.001",kind="new"} 4',
      'dcm_check_tx_seconds_bucket{le="0.01",kind="new"} 4',
      'dcm_check_tx_seconds_bucket{le="0.1",kind="new"} 4',
      'dcm_check_tx_seconds_bucket{le="+Inf",kind="new"} 5',
      'dcm_check_tx_seconds_sum{kind="new"} about 0.2',
      'dcm_check_tx_seconds_count{kind="new"} 5',
    ]);
    metrics.checkTx(true, 0.004);
    assert.match(await metrics.registry.metrics(), /dcm_check_tx_seconds_count\{kind="recheck"\} 1/);
  });
});
