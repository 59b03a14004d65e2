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
    result.RegistryConfig = {
      ...(result.RegistryConfig as Info),
      AllowNondistributableArtifactsCIDRs: null,
      AllowNondistributableArtifactsHostnames: null,
    }
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

type DiskUsage = { readonly Images: readonly { readonly Size: number }[] }

/** What occupies the disk, as its version knew it. */
export function diskUsageFor<Usage extends DiskUsage>(usage: Usage, apiVersion: string): object {
  const builder = isOlder(apiVersion, '1.42') ? { BuilderSize: 0 } : {}
  if (!isOlder(apiVersion, '1.44')) return usage
  const images = usage.Images.map((image) => ({ ...image, VirtualSize: image.Size }))
  return { ...usage, Images: images, ...builder }
}
