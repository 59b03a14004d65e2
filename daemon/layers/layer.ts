import { createHash } from 'node:crypto'

/** The files of one layer, as overlayfs takes them. */
export type Layer = {
  /** `sha256:…` of the uncompressed tar. */
  readonly diffId: string
  /** Its name below `<data-root>/layers`. */
  readonly directory: string
  /** Sum of the sizes of its files. */
  readonly sizeBytes: number
  readonly tarBytes: number
  readonly fileCount: number
}

/** Unpacked, but not yet in the table. */
export type StagedLayer = Layer

export function digestOf(data: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}
