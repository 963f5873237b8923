export { CallMeter } from './call-meter.ts';
export { type CallObserver, commandName, type ObservedCall } from './call-observer.ts';
export { connectionFamilies } from './connections.ts';
export { loanFamilies } from './loans.ts';
export { type MetricFamily, prometheusText, type Sample } from './prometheus.ts';
