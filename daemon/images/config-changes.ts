import type { ImageConfig } from '../../api-spec/generated/types.ts'
import { EngineError } from '../errors.ts'

type Change = (config: ImageConfig, text: string) => ImageConfig

const CHANGES: Readonly<Record<string, Change>> = {
  CMD: (config, text) => ({ ...config, Cmd: command(text) }),
  ENTRYPOINT: (config, text) => ({ ...config, Entrypoint: command(text) }),
  ENV: (config, text) => ({ ...config, Env: mergeEnv(config.Env ?? [], pairs(text)) }),
  LABEL: (config, text) => ({
    ...config,
    Labels: { ...config.Labels, ...Object.fromEntries(pairs(text)) },
  }),
  EXPOSE: (config, text) => ({
    ...config,
    ExposedPorts: { ...config.ExposedPorts, ...keys(words(text).map(withProtocol)) },
  }),
  VOLUME: (config, text) => ({
    ...config,
    Volumes: { ...config.Volumes, ...keys(jsonArray(text) ?? words(text)) },
  }),
  USER: (config, text) => ({ ...config, User: text }),
  WORKDIR: (config, text) => ({
    ...config,
    WorkingDir: text.startsWith('/')
      ? text
      : `${config.WorkingDir || '/'}/${text}`.replace('//', '/'),
  }),
  STOPSIGNAL: (config, text) => ({ ...config, StopSignal: text }),
  ONBUILD: (config, text) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), text] }),
}

/** Applies `--change` of commit and import: Dockerfile instructions that only touch the config. */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  const lines = changes.flatMap((it) => it.split('\n')).map((it) => it.trim())
  return lines.filter((it) => it !== '' && !it.startsWith('#')).reduce(applyChange, config)
}

function applyChange(config: ImageConfig, line: string): ImageConfig {
  const [, name = '', text = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? []
  const change = CHANGES[name.toUpperCase()]
  if (!change) {
    throw new EngineError(
      'invalid-parameter',
      `${name.toLowerCase()} is not a valid change command`,
    )
  }
  if (text === '') {
    throw new EngineError(
      'invalid-parameter',
      `${name.toUpperCase()} requires at least one argument`,
    )
  }
  return change(config, text)
}

function command(text: string): string[] {
  return jsonArray(text) ?? ['/bin/sh', '-c', text]
}

function jsonArray(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((it) => typeof it === 'string') ? value : undefined
  } catch {
    return undefined // not the JSON form, then
  }
}

/** At spaces, but not at those within quotes; the quotes go. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"']|"(?:\\.|[^"\\])*"|'[^']*')+/g) ?? []
  return found.map((it) =>
    it.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, a, b) => (a ?? b).replace(/\\(.)/g, '$1')),
  )
}

/** `a=b c="d e"`, or the old form `a the rest`. */
function pairs(text: string): [string, string][] {
  const all = words(text)
  if (!all[0]?.includes('=')) {
    const [name = ''] = all
    return [[name, text.slice(name.length).trim()]]
  }
  return all.map((it) => {
    const at = it.indexOf('=')
    if (at < 1)
      throw new EngineError(
        'invalid-parameter',
        `Syntax error - can't find = in "${it}". Must be of the form: name=value`,
      )
    return [it.slice(0, at), it.slice(at + 1)]
  })
}

function mergeEnv(env: readonly string[], changes: readonly [string, string][]): string[] {
  const names = new Set(changes.map(([name]) => name))
  const kept = env.filter((it) => !names.has(it.split('=', 1)[0] ?? ''))
  return [...kept, ...changes.map(([name, value]) => `${name}=${value}`)]
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`
}
