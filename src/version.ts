/** That of package.json; a test holds them together. */
export const VERSION = '0.1.0'

/** Put in by the build: what it was built from. */
declare const KUBEPKI_COMMIT: string | undefined
export const COMMIT = typeof KUBEPKI_COMMIT === 'string' ? KUBEPKI_COMMIT : 'not built'
