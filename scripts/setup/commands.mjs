// How each package manager is told to install what is missing.

const PACKAGES = {
  apt: { server: 'redis-server', browser: 'chromium', clock: 'faketime' },
  // Chromium's own cask is disabled: it is not signed for macOS.
  brew: { server: 'redis', browser: 'google-chrome', clock: 'libfaketime' },
  dnf: { server: 'valkey', browser: 'chromium', clock: 'libfaketime' },
  pacman: { server: 'valkey', browser: 'chromium', clock: 'libfaketime' },
  apk: { server: 'redis', browser: 'chromium', clock: 'libfaketime' },
};

/** The command a user would type; undefined where the package manager is not known. */
export function commandFor({ kind, rights }, things) {
  const names = PACKAGES[kind];
  if (names === undefined) return undefined;
  const sudo = rights === 'root' ? '' : 'sudo ';
  const packages = things.map((thing) => names[thing]).join(' ');
  const commands = {
    apt: `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${packages}`,
    brew: `brew install ${packages}`,
    dnf: `${sudo}dnf install -y ${packages}`,
    pacman: `${sudo}pacman -S --needed ${packages}`,
    apk: `${sudo}apk add ${packages}`,
  };
  return commands[kind];
}

/** What is about to be installed, in words. */
export function describe(things, manager) {
  return things.map((thing) => PACKAGES[manager][thing]).join(' and ');
}
