/** gRPC with a stock client that learns the services by reflection, as grpcurl and hermes do. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { credentials, loadPackageDefinition, makeGenericClientConstructor, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { QueryBalanceRequest, QueryBalanceResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { QueryAccountRequest } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { GetNodeInfoResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { BroadcastMode, BroadcastTxRequest, BroadcastTxResponse, GetTxRequest } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { describe, it } from "mocha";
import { addressOf, chainId, denom, funds, useChain } from "./chain.ts";

interface Reflected {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
}

describe("gRPC", function () {
  this.timeout(60_000);
  const chain = useChain();
  const same = (value: Buffer): Buffer => value;

  function call(path: string, request: Uint8Array, height?: string): Promise<{ value: Buffer; header: Metadata }> {
    const Client = makeGenericClientConstructor({ call: { path, requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same } }, "call");
    const client = new Client(chain().grpc, credentials.createInsecure());
    const metadata = new Metadata();
    if (height !== undefined) metadata.set("x-cosmos-block-height", height);
    let header = new Metadata();
    return new Promise((resolve, reject) => {
      const unary = (client as unknown as { call(r: Buffer, m: Metadata, done: (error: ServiceError | null, value?: Buffer) => void): { on(event: "metadata", f: (m: Metadata) => void): void } }).call(Buffer.from(request), metadata, (error, value) => {
        client.close();
        if (error === null) resolve({ value: value!, header });
        else reject(error);
      });
      unary.on("metadata", (received) => (header = received));
    });
  }

  async function reflect(version: "v1" | "v1alpha", questions: readonly object[]): Promise<Reflected[]> {
    const require = createRequire(createRequire(import.meta.url).resolve("@grpc/reflection"));
    const loader = require("@grpc/proto-loader") as { loadSync(path: string): never };
    const file = join(require.resolve("@grpc/reflection/package.json"), `../build/proto/grpc/reflection/${version}/reflection.proto`);
    type Stream = NodeJS.ReadWriteStream & { end(): void };
    const loaded = loadPackageDefinition(loader.loadSync(file)) as unknown as { grpc: { reflection: Record<string, { ServerReflection: new (address: string, c: unknown) => { ServerReflectionInfo(): Stream; close(): void } }> } };
    const client = new loaded.grpc.reflection[version]!.ServerReflection(chain().grpc, credentials.createInsecure());
    const stream = client.ServerReflectionInfo();
    const answers: Reflected[] = [];
    const ended = new Promise((resolve) => stream.on("data", (answer: Reflected) => answers.push(answer)).on("end", resolve));
    for (const question of questions) stream.write(question as never);
    stream.end();
    await ended;
    client.close();
    return answers;
  }

  it("lists its services by reflection, in both versions, with descriptors", async () => {
    for (const version of ["v1", "v1alpha"] as const) {
      const [list, bank, none] = await reflect(version, [{ listServices: "" }, { fileContainingSymbol: "cosmos.bank.v1beta1.Query.Balance" }, { fileContainingSymbol: "cosmos.nothing.Query" }]);
      const names = list?.listServicesResponse?.service.map(({ name }) => name) ?? [];
      for (const name of ["cosmos.auth.v1beta1.Query", "cosmos.bank.v1beta1.Query", "cosmos.staking.v1beta1.Query", "cosmos.tx.v1beta1.Service", "cosmos.base.tendermint.v1beta1.Service", "dcm.market.v1.Query"]) {
        assert.ok(names.includes(name), `${version} does not list ${name}`);
      }
      assert.ok(bank!.fileDescriptorResponse!.fileDescriptorProto.some((bytes) => bytes.includes("QueryBalanceRequest")));
      assert.equal(none?.errorResponse?.errorCode, status.NOT_FOUND);
    }
  });

  it("answers queries, at a height too, and takes transactions", async () => {
    const grace = await addressOf("heidi");
    const request = QueryBalanceRequest.encode({ address: grace, denom }).finish();
    const { value, header } = await call("/cosmos.bank.v1beta1.Query/Balance", request, "2");
    assert.deepEqual([QueryBalanceResponse.decode(value).balance?.amount, header.get("x-cosmos-block-height")], [String(funds), ["2"]]);
    assert.equal(GetNodeInfoResponse.decode((await call("/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo", new Uint8Array(0))).value).defaultNodeInfo?.network, chainId);
    const broken = BroadcastTxRequest.encode({ txBytes: Uint8Array.of(1, 2, 3), mode: BroadcastMode.BROADCAST_MODE_SYNC }).finish();
    const { txResponse } = BroadcastTxResponse.decode((await call("/cosmos.tx.v1beta1.Service/BroadcastTx", broken)).value);
    assert.deepEqual([txResponse?.codespace, txResponse?.code], ["sdk", 2]);
  });

  it("fails with gRPC's codes and the SDK's words", async () => {
    const nobody = await addressOf(160);
    const cases: [path: string, request: Uint8Array, code: number, words: RegExp][] = [
      ["/cosmos.auth.v1beta1.Query/Account", QueryAccountRequest.encode({ address: nobody }).finish(), status.NOT_FOUND, new RegExp(`^account ${nobody} not found$`)],
      ["/cosmos.tx.v1beta1.Service/GetTx", GetTxRequest.encode({ hash: "00".repeat(32) }).finish(), status.NOT_FOUND, /^tx not found: /],
      ["/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: nobody, denom: "" }).finish(), status.INVALID_ARGUMENT, /denom/],
      ["/ibc.core.client.v1.Query/ClientStates", new Uint8Array(0), status.UNIMPLEMENTED, /./],
      ["/cosmos.bank.v1beta1.Query/Nothing", new Uint8Array(0), status.UNIMPLEMENTED, /./],
    ];
    for (const [path, request, code, words] of cases) {
      await assert.rejects(call(path, request), (error: ServiceError) => {
        assert.equal(error.code, code, `${path}: ${error.message}`);
        assert.match(error.details, words);
        return true;
      });
    }
  });
});
