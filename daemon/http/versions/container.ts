import type {
  ContainerInspectResponse,
  ContainerSummary,
} from '../../../api-spec/generated/types.ts'
import { isOlder } from '../../util/api-version.ts'

type Record_ = Record<string, unknown>

/** One element of the list, as its version knew it. */
export function summaryFor(summary: ContainerSummary, apiVersion: string): ContainerSummary {
  if (!isOlder(apiVersion, '1.46')) return summary
  const { Annotations: _, ...hostConfig } = (summary.HostConfig ?? {}) as Record_
  return { ...summary, HostConfig: hostConfig } as ContainerSummary
}

/** Before 1.45, clients found the short id and the host name among the aliases. */
export function inspectFor(
  inspect: ContainerInspectResponse,
  apiVersion: string,
): ContainerInspectResponse {
  if (!isOlder(apiVersion, '1.44')) return inspect
  const hostConfig = { ...(inspect.HostConfig as Record_) }
  delete hostConfig.Annotations
  return { ...inspect, HostConfig: hostConfig } as unknown as ContainerInspectResponse
}
