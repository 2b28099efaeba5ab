import { named, TransactionFailedError } from '@meridian/sdk'
import {
  type Abi,
  type Account,
  type Address,
  type Chain,
  type ContractConstructorArgs,
  createPublicClient,
  createWalletClient,
  encodeDeployData,
  getAddress,
  type Hex,
  http,
  type LocalAccount,
  type PublicClient,
  type TransactionReceipt,
  type Transport,
  type WalletClient,
} from 'viem'
import { RunError } from '../errors.ts'

/** An account that deploys and calls contracts of one chain, and waits for each transaction. */
export interface Deployer {
  readonly chainId: bigint
  readonly client: PublicClient
  readonly wallet: WalletClient<Transport, Chain | undefined, Account>
  readonly address: Address
  /** Sends init code. @throws {@link ContractRevertError} {@link TransactionFailedError} */
  deploy(what: string, initCode: Hex): Promise<Address>
  /** Sends a call. @throws {@link ContractRevertError} {@link TransactionFailedError} */
  call(what: string, to: Address, data: Hex): Promise<TransactionReceipt>
}

/** Milliseconds between two looks for a receipt. */
const POLL_MS = 100
/** Milliseconds until a request counts as failed. */
const REQUEST_TIMEOUT = 20_000
/** Milliseconds until a transaction counts as stuck. */
const INCLUSION_TIMEOUT = 300_000

/** A deployer for the chain behind `rpc`. */
export async function createDeployer(rpc: string, account: LocalAccount): Promise<Deployer> {
  const transport = http(rpc, { timeout: REQUEST_TIMEOUT })
  const client = createPublicClient({ transport, pollingInterval: POLL_MS })
  const wallet = createWalletClient({ account, transport })
  const chainId = BigInt(await client.getChainId())
  const settle = async (what: string, transaction: { readonly to?: Address; readonly data: Hex }) => {
    const hash = await named(what, () => wallet.sendTransaction({ ...transaction, chain: null }))
    const receipt = await client.waitForTransactionReceipt({ hash, timeout: INCLUSION_TIMEOUT })
    if (receipt.status !== 'success') throw new TransactionFailedError(what, hash)
    return receipt
  }
  return {
    chainId,
    client,
    wallet,
    address: account.address,
    async deploy(what, data) {
      const { contractAddress } = await settle(what, { data })
      if (contractAddress == null) throw new RunError(what, 'the receipt names no contract')
      return getAddress(contractAddress)
    },
    call: (what, to, data) => settle(what, { to, data }),
  }
}

/** Init code of a generated contract with its constructor's arguments, typed by its ABI. */
export function initCodeOf<const abi extends Abi>(abi: abi, bytecode: Hex, args: ContractConstructorArgs<abi>): Hex {
  // CAST: the argument's type is the ABI's own; viem's conditional parameter cannot be written for a generic ABI
  return encodeDeployData({ abi, bytecode, args } as Parameters<typeof encodeDeployData>[0])
}
