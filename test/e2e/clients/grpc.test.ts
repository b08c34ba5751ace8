/** gRPC with a stock client that learns the services by reflection, as grpcurl and hermes do. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { credentials, loadPackageDefinition, makeGenericClientConstructor, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { QueryBalanceRequest, QueryBalanceResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { QueryAccountRequest } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { GetNodeInfoResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { BroadcastMode, BroadcastTxRequest, BroadcastTxResponse, GetTxRequest, TxDecodeAminoRequest, TxDecodeAminoResponse, TxEncodeAminoRequest, TxEncodeAminoResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { QueryParamsRequest as QueryGovParamsRequest, QueryParamsResponse as QueryGovParamsResponse } from "cosmjs-types/cosmos/gov/v1/query";
import { QueryValidatorsRequest, QueryValidatorsResponse } from "cosmjs-types/cosmos/staking/v1beta1/query";
import { describe, it } from "mocha";
import { ListAllInterfacesResponse, ListImplementationsRequest, ListImplementationsResponse } from "../../../chain/codec/gen/cosmos/base/reflection/v1beta1/reflection.ts";
import { GetAuthnDescriptorResponse, GetChainDescriptorResponse, GetCodecDescriptorResponse, GetConfigurationDescriptorResponse, GetQueryServicesDescriptorResponse, GetTxDescriptorResponse } from "../../../chain/codec/gen/cosmos/base/reflection/v2alpha1/reflection.ts";
import { FileDescriptorsResponse } from "../../../chain/codec/gen/cosmos/reflection/v1/reflection.ts";
import { QueryClassesResponse } from "../../../chain/codec/gen/dcm/market/v1/query.ts";
import { QueryParamsResponse as QueryProviderParamsResponse } from "../../../chain/codec/gen/dcm/staking/v1/query.ts";
import { addressOf, chainId, denom, funds, prefix, useChain } from "./chain.ts";

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

  it("says of a transaction that is too large for the mempool, or for a request to CometBFT, sdk 21, and takes any other to its checks", async () => {
    const broadcast = async (bytes: number): Promise<[string | undefined, number | undefined]> => {
      const request = BroadcastTxRequest.encode({ txBytes: new Uint8Array(bytes).fill(1), mode: BroadcastMode.BROADCAST_MODE_SYNC }).finish();
      const { txResponse } = BroadcastTxResponse.decode((await call("/cosmos.tx.v1beta1.Service/BroadcastTx", request)).value);
      return [txResponse?.codespace, txResponse?.code];
    };
    assert.deepEqual(await broadcast(1_048_576), ["sdk", 2]);
    for (const bytes of [1_048_577, 2_000_000]) assert.deepEqual(await broadcast(bytes), ["sdk", 21], `${bytes} bytes`);
  });

  it("answers staking, governance, markets and providers as it lists them", async () => {
    const { validators } = QueryValidatorsResponse.decode((await call("/cosmos.staking.v1beta1.Query/Validators", QueryValidatorsRequest.encode(QueryValidatorsRequest.fromPartial({ status: "BOND_STATUS_BONDED" })).finish())).value);
    assert.deepEqual(validators.map(({ description }) => description.moniker), ["validator-0"]);
    const { params } = QueryGovParamsResponse.decode((await call("/cosmos.gov.v1.Query/Params", QueryGovParamsRequest.encode({ paramsType: "voting" }).finish())).value);
    assert.equal(params?.votingPeriod?.seconds, 5n);
    const { classes } = QueryClassesResponse.decode((await call("/dcm.market.v1.Query/Classes", new Uint8Array(0))).value);
    assert.ok(["wasm.core", "cpu.x64.small"].every((id) => classes.some((one) => one.id === id)), classes.map(({ id }) => id).join());
    const { params: staking } = QueryProviderParamsResponse.decode((await call("/dcm.staking.v1.Query/Params", new Uint8Array(0))).value);
    assert.equal(staking?.unbondingTimeMs, 4_000n);
  });

  it("describes itself to Cosmos clients: interfaces, messages, queries, prefix, sign modes, every file", async () => {
    async function ask<T>(path: string, type: { decode(bytes: Uint8Array): T }, request = new Uint8Array(0)): Promise<T> {
      return type.decode((await call(path, request)).value);
    }
    const old = "/cosmos.base.reflection.v1beta1.ReflectionService";
    const { interfaceNames } = await ask(`${old}/ListAllInterfaces`, ListAllInterfacesResponse);
    assert.deepEqual(interfaceNames, ["cosmos.base.v1beta1.Msg"]);
    const { implementationMessageNames: messages } = await ask(`${old}/ListImplementations`, ListImplementationsResponse, ListImplementationsRequest.encode({ interfaceName: interfaceNames[0]! }).finish());
    assert.ok(["/cosmos.bank.v1beta1.MsgSend", "/cosmos.gov.v1.MsgVote", "/dcm.market.v1.MsgPlaceBid"].every((name) => messages.includes(name)), messages.join());
    await assert.rejects(call(`${old}/ListImplementations`, ListImplementationsRequest.encode({ interfaceName: "cosmos.nothing" }).finish()), (error: ServiceError) => error.code === status.NOT_FOUND);

    const service = "/cosmos.base.reflection.v2alpha1.ReflectionService";
    assert.deepEqual((await ask(`${service}/GetAuthnDescriptor`, GetAuthnDescriptorResponse)).authn?.signModes.map(({ name, number }) => [name, number]), [["SIGN_MODE_DIRECT", 1], ["SIGN_MODE_LEGACY_AMINO_JSON", 127]]);
    assert.equal((await ask(`${service}/GetChainDescriptor`, GetChainDescriptorResponse)).chain?.id, chainId);
    assert.deepEqual((await ask(`${service}/GetCodecDescriptor`, GetCodecDescriptorResponse)).codec?.interfaces.map(({ interfaceImplementers }) => interfaceImplementers.map(({ typeUrl }) => typeUrl)), [messages]);
    assert.equal((await ask(`${service}/GetConfigurationDescriptor`, GetConfigurationDescriptorResponse)).config?.bech32AccountAddressPrefix, prefix);
    const services = (await ask(`${service}/GetQueryServicesDescriptor`, GetQueryServicesDescriptorResponse)).queries!.queryServices;
    const bank = services.find(({ fullname }) => fullname === "cosmos.bank.v1beta1.Query");
    assert.ok(bank?.isModule === true && bank.methods.some(({ name, fullQueryPath }) => name === "Balance" && fullQueryPath === "/cosmos.bank.v1beta1.Query/Balance"));
    assert.equal(services.find(({ fullname }) => fullname === "cosmos.tx.v1beta1.Service")?.isModule, false);
    assert.deepEqual((await ask(`${service}/GetTxDescriptor`, GetTxDescriptorResponse)).tx?.msgs.map(({ msgTypeUrl }) => msgTypeUrl), messages);

    const { files } = await ask("/cosmos.reflection.v1.ReflectionService/FileDescriptors", FileDescriptorsResponse);
    const names = files.map(({ name }) => name);
    assert.ok(["cosmos/bank/v1beta1/bank.proto", "dcm/market/v1/tx.proto", "google/protobuf/any.proto"].every((name) => names.includes(name)), `${names.length} files`);
  });

  it("legacy transactions go to binary amino and back", async () => {
    const service = "/cosmos.tx.v1beta1.Service";
    const aminoJson = JSON.stringify({ type: "cosmos-sdk/StdTx", value: { msg: [{ type: "cosmos-sdk/MsgUnjail", value: { address: "a" } }], fee: { amount: null, gas: "1" }, signatures: null, memo: "", timeout_height: "9" } });
    const { aminoBinary } = TxEncodeAminoResponse.decode((await call(`${service}/TxEncodeAmino`, TxEncodeAminoRequest.encode({ aminoJson }).finish())).value);
    // StdTx, of it MsgUnjail: four bytes of SHA-256 of each name.
    assert.equal(Buffer.from(aminoBinary).toString("hex"), "282816a90a07" + "543aec700a0161" + "12021001" + "2809");
    const decoded = TxDecodeAminoResponse.decode((await call(`${service}/TxDecodeAmino`, TxDecodeAminoRequest.encode({ aminoBinary }).finish())).value);
    assert.deepEqual(JSON.parse(decoded.aminoJson), { ...(JSON.parse(aminoJson) as object), value: { ...(JSON.parse(aminoJson) as { value: object }).value, fee: { amount: [], gas: "1" } } });
  });

  it("fails with gRPC's codes and the SDK's words", async () => {
    const nobody = await addressOf(160);
    const cases: [path: string, request: Uint8Array, code: number, words: RegExp][] = [
      ["/cosmos.auth.v1beta1.Query/Account", QueryAccountRequest.encode({ address: nobody }).finish(), status.NOT_FOUND, new RegExp(`^account ${nobody} not found$`)],
      ["/cosmos.tx.v1beta1.Service/GetTx", GetTxRequest.encode({ hash: "00".repeat(32) }).finish(), status.NOT_FOUND, /^tx not found: /],
      ["/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest.encode({ address: nobody, denom: "" }).finish(), status.INVALID_ARGUMENT, /denom/],
      ["/cosmos.tx.v1beta1.Service/TxEncodeAmino", new Uint8Array(0), status.INVALID_ARGUMENT, /^invalid empty tx json$/],
      ["/cosmos.tx.v1beta1.Service/TxEncodeAmino", TxEncodeAminoRequest.encode({ aminoJson: "{}" }).finish(), status.UNKNOWN, /^JSON encoding of interfaces require non-empty type field\.$/],
      ["/cosmos.tx.v1beta1.Service/TxDecodeAmino", new Uint8Array(0), status.INVALID_ARGUMENT, /^invalid empty tx bytes$/],
      ["/cosmos.tx.v1beta1.Service/TxDecodeAmino", TxDecodeAminoRequest.encode({ aminoBinary: Uint8Array.of(1, 2, 3, 4) }).finish(), status.UNKNOWN, /^unrecognized prefix bytes 01020304$/],
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
