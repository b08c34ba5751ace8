/** What a client can find out about this application by asking: cosmos.base.reflection, cosmos.reflection.v1, cosmos.app. */
import { ReflectionServiceDefinition as V1Beta1 } from "../../codec/gen/cosmos/base/reflection/v1beta1/reflection.ts";
import { ReflectionServiceDefinition as V2Alpha1 } from "../../codec/gen/cosmos/base/reflection/v2alpha1/reflection.ts";
import { QueryDefinition as AppQuery } from "../../codec/gen/cosmos/app/v1alpha1/query.ts";
import { prefixes } from "../../codec/address.ts";
import { imageBytes } from "../../codec/descriptors.ts";
import { QueryError } from "../../runtime/errors.ts";
import type { Machine } from "../../runtime/machine.ts";
import { nodeService, type NodeMethod } from "./registry.ts";

/** The one interface of the SDK that every transaction message implements. */
const messageInterface = "cosmos.base.v1beta1.Msg";

/** `nodePaths` are those of the node's own services. */
export function reflectionServices(machine: Machine, nodePaths: () => readonly string[]): NodeMethod[] {
  const messages = (): string[] => machine.router.typeUrls;
  const requireMessages = (name: string): void => {
    if (name !== messageInterface) throw new QueryError("NotFound", `interface ${name.slice(0, 200)} is not known: ${messageInterface} is`);
  };
  const queryServices = () => {
    const byService = new Map<string, string[]>();
    for (const path of [...machine.router.queryPaths, ...nodePaths()]) {
      const service = path.split("/")[1]!;
      byService.set(service, [...(byService.get(service) ?? []), path]);
    }
    const own = new Set(nodePaths().map((path) => path.split("/")[1]!));
    return [...byService].sort(([a], [b]) => (a < b ? -1 : 1)).map(([fullname, paths]) => ({
      fullname, isModule: !own.has(fullname), methods: paths.map((path) => ({ name: path.split("/")[2]!, fullQueryPath: path })),
    }));
  };
  return [
    ...nodeService(V1Beta1, {
      listAllInterfaces: () => ({ interfaceNames: [messageInterface] }),
      listImplementations({ interfaceName }) {
        requireMessages(interfaceName);
        return { implementationMessageNames: messages() };
      },
    }),
    ...nodeService(V2Alpha1, {
      getAuthnDescriptor: () => ({
        authn: { signModes: [["SIGN_MODE_DIRECT", 1], ["SIGN_MODE_LEGACY_AMINO_JSON", 127]].map(([name, number]) => ({ name: name as string, number: number as number, authnInfoProviderMethodFullname: "" })) },
      }),
      getChainDescriptor: () => ({ chain: { id: machine.header?.chainId ?? "" } }),
      getCodecDescriptor: () => ({
        codec: { interfaces: [{ fullname: messageInterface, interfaceAcceptingMessages: [{ fullname: "cosmos.tx.v1beta1.TxBody", fieldDescriptorNames: ["messages"] }], interfaceImplementers: messages().map((typeUrl) => ({ fullname: typeUrl.slice(1), typeUrl })) }] },
      }),
      getConfigurationDescriptor: () => ({ config: { bech32AccountAddressPrefix: prefixes.account } }),
      getQueryServicesDescriptor: () => ({ queries: { queryServices: queryServices() } }),
      getTxDescriptor: () => ({ tx: { fullname: "cosmos.tx.v1beta1.Tx", msgs: messages().map((msgTypeUrl) => ({ msgTypeUrl })) } }),
    }),
    // A FileDescriptorSet and the response have the same wire form: the files in field 1.
    { path: "/cosmos.reflection.v1.ReflectionService/FileDescriptors", answer: () => Promise.resolve(imageBytes) },
    ...nodeService(AppQuery, { config: () => ({ config: { modules: machine.modules.map(({ name }) => ({ name, config: undefined, golangBindings: [] })), golangBindings: [] } }) }),
  ];
}
