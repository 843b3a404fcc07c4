/**
 * Where this tab's last streamed write ended. A stream's head, cookies included, leaves before its answer
 * is stored, so the token comes in the `done` event; with it in a header the next read sees the answer
 * whichever standby serves it. (Writes without a stream set the cookie themselves.)
 */
const STORAGE_KEY = 'neuronha-last-write'

export const rememberLastWrite = (token: string): void => {
  sessionStorage.setItem(STORAGE_KEY, token)
}

export const lastWrite = (): string | undefined => sessionStorage.getItem(STORAGE_KEY) ?? undefined
