export { ask } from './ask.ts';
export { type CredentialsProvider, type Endpoint, endpointOfSocket, Locator } from './locator.ts';
export { askProvider } from './provider.ts';
export { type Address, type Credentials, named, parseTarget, type UrlTarget } from './target.ts';
export type { TlsOptions } from './tls.ts';
