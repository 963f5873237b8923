type Environment = Readonly<Record<string, string | undefined>>;

const SETTINGS = new Set([
  ...['HOST', 'PORT', 'REDIS_URL', 'SESSION_SECRET', 'ALLOWED_ORIGINS', 'TRUST_PROXY'],
  ...['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'],
]);

/** The environment of a studio under test: the developer's, without any setting of the studio, and then `settings`. */
export function studioEnvironment(inherited: Environment, settings: Environment): Environment {
  const kept = Object.entries(inherited).filter(
    ([name]) => !SETTINGS.has(name) && !/^(TAPROOT|MODEL)_/.test(name),
  );
  return { ...Object.fromEntries(kept), ...settings };
}
