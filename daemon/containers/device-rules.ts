import { EngineError } from '../errors.ts'

/** `c 1:3 rwm` taken apart; null is any. */
export type DeviceRule = {
  readonly type: 'a' | 'b' | 'c'
  readonly major: number | null
  readonly minor: number | null
  readonly access: string
}

export function parseDeviceRule(text: string): DeviceRule {
  const match = /^([abc]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text)
  if (!match) {
    throw new EngineError('invalid-parameter', `invalid device cgroup rule format: '${text}'`)
  }
  const [, type, major, minor, access = ''] = match
  const number = (part: string | undefined) => (part === '*' ? null : Number(part))
  return { type: type as DeviceRule['type'], major: number(major), minor: number(minor), access }
}

const DEFAULTS = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm',
  'c 1:5 rwm',
  'c 1:7 rwm',
  'c 1:8 rwm',
  'c 1:9 rwm',
  'c 5:0 rwm',
  'c 5:1 rwm',
  'c 5:2 rwm',
  'c 136:* rwm',
].map(parseDeviceRule)

/** What a container may open and make: the defaults and what it was given; everything if privileged. */
export function deviceRules(given: readonly DeviceRule[], privileged: boolean): DeviceRule[] {
  return privileged ? [parseDeviceRule('a *:* rwm')] : [...DEFAULTS, ...given]
}

/** As devices.allow of cgroup v1 takes it. */
export function formatDeviceRule({ type, major, minor, access }: DeviceRule): string {
  if (type === 'a') return 'a'
  return `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`
}

/* eBPF (Documentation/bpf/standardization/instruction-set.rst) */
const LDX_W = 0x61
const MOV_REG = 0xbf
const MOV_IMM = 0xb7
const AND_IMM = 0x57
const RSH_IMM = 0x77
const JNE_IMM = 0x55
const EXIT = 0x95

type Op = { code: number; dst?: number; src?: number; offset?: number; imm?: number }

function encode(ops: readonly Op[]): Buffer {
  const buffer = Buffer.alloc(ops.length * 8)
  for (const [index, { code, dst = 0, src = 0, offset = 0, imm = 0 }] of ops.entries()) {
    buffer.writeUInt8(code, index * 8)
    buffer.writeUInt8(dst | (src << 4), index * 8 + 1)
    buffer.writeInt16LE(offset, index * 8 + 2)
    buffer.writeInt32LE(imm, index * 8 + 4)
  }
  return buffer
}

/** linux/bpf.h: BPF_DEVCG_DEV_*, BPF_DEVCG_ACC_* */
const TYPE = { b: 1, c: 2, a: 0 }
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 }
const ANY_ACCESS = 7
const [R_RESULT, R_SCRATCH, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR] = [0, 1, 2, 3, 4, 5] as const

/** Returns 1 if the rule covers what is asked, else falls through. */
function ruleOps(rule: DeviceRule): Op[] {
  const access = [...rule.access].reduce((bits, letter) => bits | (ACCESS[letter] ?? 0), 0)
  const ops: Op[] = []
  const unless = (register: number, imm: number) => ops.push({ code: JNE_IMM, dst: register, imm })
  if (rule.type !== 'a') unless(R_TYPE, TYPE[rule.type])
  if (access !== ANY_ACCESS) {
    ops.push({ code: MOV_REG, dst: R_SCRATCH, src: R_ACCESS })
    ops.push({ code: AND_IMM, dst: R_SCRATCH, imm: ANY_ACCESS & ~access })
    unless(R_SCRATCH, 0)
  }
  if (rule.major !== null) unless(R_MAJOR, rule.major)
  if (rule.minor !== null) unless(R_MINOR, rule.minor)
  ops.push({ code: MOV_IMM, dst: R_RESULT, imm: 1 }, { code: EXIT })
  return ops.map((op, index) =>
    op.code === JNE_IMM ? { ...op, offset: ops.length - index - 1 } : op,
  )
}

/** The program of BPF_PROG_TYPE_CGROUP_DEVICE that allows what a rule covers and nothing else, in base64. */
export function deviceProgram(rules: readonly DeviceRule[]): string {
  const context = 1
  const ops: Op[] = [
    { code: LDX_W, dst: R_TYPE, src: context, offset: 0 },
    { code: MOV_REG, dst: R_ACCESS, src: R_TYPE },
    { code: AND_IMM, dst: R_TYPE, imm: 0xffff },
    { code: RSH_IMM, dst: R_ACCESS, imm: 16 },
    { code: LDX_W, dst: R_MAJOR, src: context, offset: 4 },
    { code: LDX_W, dst: R_MINOR, src: context, offset: 8 },
    ...rules.flatMap(ruleOps),
    { code: MOV_IMM, dst: R_RESULT, imm: 0 },
    { code: EXIT },
  ]
  return encode(ops).toString('base64')
}
