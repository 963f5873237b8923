export { type CredentialsProvider, type Endpoint, endpointOfSocket, Locator } from './locator.ts';
export { type Credentials, parseTarget, type UrlTarget } from './target.ts';
export type { TlsOptions } from './tls.ts';
