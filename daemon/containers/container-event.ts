import type { Container } from './container.ts'

export type ContainerEvent = {
  readonly type: 'container'
  readonly action: string
  readonly id: string
  readonly attributes: Record<string, string>
}

/** With the attributes that every container event has: its labels, its image, its name. */
export function containerEvent(
  { id, name, image, config }: Container,
  action: string,
  extras: Readonly<Record<string, string>> = {},
): ContainerEvent {
  return {
    type: 'container',
    action,
    id,
    attributes: { ...config.Labels, image, name, ...extras },
  }
}
