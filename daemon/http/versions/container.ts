import type { ContainerSummary } from '../../../api-spec/generated/types.ts'
import { isOlder } from '../../util/api-version.ts'

type Record_ = Record<string, unknown>

/** One element of the list, as its version knew it. */
export function summaryFor(summary: ContainerSummary, apiVersion: string): ContainerSummary {
  if (!isOlder(apiVersion, '1.46')) return summary
  const { Annotations: _, ...hostConfig } = (summary.HostConfig ?? {}) as Record_
  return { ...summary, HostConfig: hostConfig } as ContainerSummary
}
