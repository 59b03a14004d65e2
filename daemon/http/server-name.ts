import { API_VERSION } from './api-version.ts'

/** Clients take the number apart; what follows it says whose engine this is. */
export const ENGINE_VERSION = '28.5.2-tsd0.1.0'
export const SERVER = `Docker/${ENGINE_VERSION} (linux)`

/** On every answer. */
export const HEADERS = {
  'Api-Version': API_VERSION,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
  Server: SERVER,
}
