import { isOlder } from '../../util/api-version.ts'

type Info = Readonly<Record<string, unknown>>

/** `docker info`, as its version knew it. */
export function infoFor(info: Info, apiVersion: string): Info {
  const result: Record<string, unknown> = { ...info }
  if (isOlder(apiVersion, '1.50')) {
    result.BridgeNfIptables = false
    result.BridgeNfIp6tables = false
    delete result.DiscoveredDevices
  }
  if (isOlder(apiVersion, '1.49')) {
    delete result.FirewallBackend
    for (const name of ['ContainerdCommit', 'RuncCommit', 'InitCommit']) {
      const commit = result[name] as { ID: string }
      result[name] = { ...commit, Expected: commit.ID }
    }
  }
  if (isOlder(apiVersion, '1.44')) {
    result.Runtimes = Object.fromEntries(
      Object.entries(result.Runtimes as Record<string, { path: string }>).map(
        ([name, { path }]) => [name, { path }],
      ),
    )
  }
  return result
}
