/** Clients take the number apart; what follows it says whose engine this is. */
export const ENGINE_VERSION = '28.5.2-tsd0.1.0'
export const SERVER = `Docker/${ENGINE_VERSION} (linux)`
