export type { ClusterContext, LoanContext } from './context.ts';
export type { LoanInfo } from './ledger.ts';
export { Loans } from './loans.ts';
export {
  DEFAULT_LEND_OPTIONS,
  type IORedisLendOptions,
  type LendOptions,
  type LoanDriver,
  type NodeRedisLendOptions,
} from './options.ts';
