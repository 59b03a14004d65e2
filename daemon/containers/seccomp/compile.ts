import { EngineError } from '../../errors.ts'
import { and, assemble, type Instruction, ja, jeq, jge, jgt, load, ret } from './bpf.ts'
import {
  rulesFor,
  type SeccompCondition,
  type SeccompContext,
  type SeccompProfile,
  type SeccompRule,
} from './profile.ts'
import { AARCH64, I386, X86_64 } from './syscalls.ts'

const EPERM = 1
/** linux/seccomp.h */
const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
}
/** linux/audit.h */
const AUDIT_ARCH = { X86_64: 0xc000003e, I386: 0x40000003, AARCH64: 0xc00000b7 }
/** Numbers from here on are of the x32 ABI, which we answer with the default action. */
const X32_BIT = 0x40000000
const OFFSET_NR = 0
const OFFSET_ARCH = 4
const OFFSET_ARGS = 16

function actionValue(action: string, errno: number | undefined): number {
  const value = ACTIONS[action]
  if (value === undefined)
    throw new EngineError('invalid-parameter', `seccomp: unknown action ${action}`)
  return action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE'
    ? value | (errno ?? EPERM)
    : value
}

const low = (value: number) => Number(BigInt.asUintN(32, BigInt(value)))
const high = (value: number) => Number(BigInt.asUintN(64, BigInt(value)) >> 32n)

/**
 * Instructions that go on behind themselves when the condition holds and jump `fail` instructions further when it does not. Arguments
 * have 64 bits, BPF words 32: the high half is looked at first.
 */
function condition(
  { index, value, valueTwo = 0, op }: SeccompCondition,
  fail: number,
): Instruction[] {
  const lo = load(OFFSET_ARGS + 8 * index)
  const hi = load(OFFSET_ARGS + 8 * index + 4)
  switch (op) {
    case 'SCMP_CMP_EQ':
      return [hi, jeq(high(value), 0, fail + 2), lo, jeq(low(value), 0, fail)]
    case 'SCMP_CMP_NE':
      return [hi, jeq(high(value), 0, 2), lo, jeq(low(value), fail, 0)]
    case 'SCMP_CMP_MASKED_EQ':
      return [
        hi,
        and(high(value)),
        jeq(high(valueTwo), 0, fail + 3),
        lo,
        and(low(value)),
        jeq(low(valueTwo), 0, fail),
      ]
    case 'SCMP_CMP_GT':
      return [
        hi,
        jgt(high(value), 3, 0),
        jeq(high(value), 0, fail + 2),
        lo,
        jgt(low(value), 0, fail),
      ]
    case 'SCMP_CMP_GE':
      return [
        hi,
        jgt(high(value), 3, 0),
        jeq(high(value), 0, fail + 2),
        lo,
        jge(low(value), 0, fail),
      ]
    case 'SCMP_CMP_LT':
      return [
        hi,
        jgt(high(value), fail + 3, 0),
        jeq(high(value), 0, 2),
        lo,
        jge(low(value), fail, 0),
      ]
    case 'SCMP_CMP_LE':
      return [
        hi,
        jgt(high(value), fail + 3, 0),
        jeq(high(value), 0, 2),
        lo,
        jgt(low(value), fail, 0),
      ]
    default:
      throw new EngineError('invalid-parameter', `seccomp: unknown operator ${op}`)
  }
}

type Rule = { readonly action: number; readonly conditions: readonly SeccompCondition[] }

/** All conditions hold: the action; otherwise on to what follows. */
function ruleCode({ action, conditions }: Rule): Instruction[] {
  let code: Instruction[] = [ret(action)]
  for (const it of [...conditions].reverse()) code = condition(it, code.length).concat(code)
  return code
}

/** What is done with one system call: the first rule that matches, else the default. */
function leafCode(rules: readonly Rule[], fallback: number): Instruction[] {
  const unconditional = rules.find(({ conditions }) => conditions.length === 0)
  if (unconditional) return [ret(unconditional.action)]
  return [...rules.flatMap(ruleCode), ret(fallback)]
}

type Range = { readonly from: number; readonly code: Instruction[] }

const isSame = (a: Instruction[], b: Instruction[]) => assemble(a).equals(assemble(b))

/** Numbers in order, neighbours with the same fate as one range. */
function toRanges(byNumber: ReadonlyMap<number, Rule[]>, fallback: number): Range[] {
  const ranges: Range[] = [{ from: 0, code: [ret(fallback)] }]
  const put = (from: number, code: Instruction[]) => {
    const last = ranges.at(-1)
    if (last?.from === from) ranges.pop()
    const before = ranges.at(-1)
    if (!before || !isSame(before.code, code)) ranges.push({ from, code })
  }
  for (const number of [...byNumber.keys()].sort((a, b) => a - b)) {
    put(number, leafCode(byNumber.get(number) ?? [], fallback))
    put(number + 1, [ret(fallback)])
  }
  put(X32_BIT, [ret(fallback)])
  return ranges
}

/** A balanced search; the accumulator holds the number. */
function search(ranges: readonly Range[]): Instruction[] {
  const [only] = ranges
  if (ranges.length === 1 && only) return only.code
  const middle = ranges.length >> 1
  const left = search(ranges.slice(0, middle))
  const right = search(ranges.slice(middle))
  const from = ranges[middle]?.from ?? 0
  const branch =
    left.length <= 255 ? [jge(from, left.length, 0)] : [jge(from, 0, 1), ja(left.length)]
  return [...branch, ...left, ...right]
}

function forArchitecture(
  rules: readonly SeccompRule[],
  numbers: ReadonlyMap<string, number>,
  fallback: number,
): Instruction[] {
  const byNumber = new Map<number, Rule[]>()
  for (const { names, name, action, errnoRet, args } of rules) {
    const rule = { action: actionValue(action, errnoRet), conditions: args ?? [] }
    for (const it of names ?? (name ? [name] : [])) {
      const number = numbers.get(it)
      if (number !== undefined) byNumber.set(number, [...(byNumber.get(number) ?? []), rule])
    }
  }
  return [load(OFFSET_NR), ...search(toRanges(byNumber, fallback))]
}

const TABLES = {
  amd64: [
    [AUDIT_ARCH.X86_64, X86_64],
    [AUDIT_ARCH.I386, I386],
  ],
  arm64: [[AUDIT_ARCH.AARCH64, AARCH64]],
} as const

/** The BPF program of a profile: an array of struct sock_filter. */
export function compileSeccomp(profile: SeccompProfile, context: SeccompContext): Buffer {
  const fallback = actionValue(profile.defaultAction, profile.defaultErrnoRet)
  const rules = rulesFor(profile, context)
  const program: Instruction[] = [load(OFFSET_ARCH)]
  for (const [arch, numbers] of TABLES[context.architecture]) {
    const code = forArchitecture(rules, numbers, fallback)
    program.push(jeq(arch, 1, 0), ja(code.length), ...code)
  }
  return assemble([...program, ret(ACTIONS.SCMP_ACT_KILL_PROCESS ?? 0)])
}
