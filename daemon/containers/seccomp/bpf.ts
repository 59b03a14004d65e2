/** Classic BPF as seccomp(2) takes it: struct sock_filter { u16 code; u8 jt, jf; u32 k }. */
export type Instruction = {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

const LD_ABS = 0x20
const AND = 0x54
const JA = 0x05
const JEQ = 0x15
const JGT = 0x25
const JGE = 0x35
const RET = 0x06

const plain = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k: k >>> 0 })

/** A word of struct seccomp_data. */
export const load = (offset: number) => plain(LD_ABS, offset)
export const and = (mask: number) => plain(AND, mask)
export const ret = (value: number) => plain(RET, value)
export const ja = (count: number) => plain(JA, count)

const jump =
  (code: number) =>
  (k: number, jt: number, jf: number): Instruction => {
    if (jt > 255 || jf > 255) throw new Error('a conditional jump is too long for BPF')
    return { code, jt, jf, k: k >>> 0 }
  }

export const jeq = jump(JEQ)
export const jgt = jump(JGT)
export const jge = jump(JGE)

export function assemble(program: readonly Instruction[]): Buffer {
  const buffer = Buffer.alloc(program.length * 8)
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    buffer.writeUInt16LE(code, index * 8)
    buffer.writeUInt8(jt, index * 8 + 2)
    buffer.writeUInt8(jf, index * 8 + 3)
    buffer.writeUInt32LE(k, index * 8 + 4)
  }
  return buffer
}
