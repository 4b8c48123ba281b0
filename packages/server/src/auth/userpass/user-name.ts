// One spelling per user. The same name is used for storage, lockout and alias, so that none of them can be dodged by
// writing it differently.

const USER_NAME = /^[a-z0-9_](?:[a-z0-9_.@+-]{0,126}[a-z0-9_])?$/i;

/** For paths that name a user. */
export const userNameSpellings = {
  username: (text: string): string => findUserName(text) ?? text,
};

/** Trimmed and lower case; null for what no user can be called (ASCII letters, digits and _ . @ + -, at most 128). */
export function findUserName(text: string): string | null {
  const name = text.trim();
  return USER_NAME.test(name) ? name.toLowerCase() : null;
}
