export { Cluster } from './cluster.ts';
export { SLOTS, slotOf } from './slot.ts';
