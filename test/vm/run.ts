import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Boots the VM under software emulation, lets it run its tests, prints their lines, and fails if one failed or none came. */
const DEADLINE_MS = 240_000
const directory = process.env.TSD_VM_DIRECTORY ?? join(tmpdir(), 'tsd-vm')
const say = (text: string) => process.stdout.write(`${text}\n`)

function missing(): string | undefined {
  if (process.arch !== 'x64') return 'the VM is of an x86-64'
  if (process.getuid?.() !== 0) return 'building its disk takes root'
  const qemu = (process.env.PATH ?? '')
    .split(':')
    .some((it) => existsSync(join(it, 'qemu-system-x86_64')))
  return qemu ? undefined : 'qemu-system-x86_64 is not installed'
}

async function boot(): Promise<string[]> {
  const qemu = spawn(
    'qemu-system-x86_64',
    [
      [
        '-M',
        'q35',
        '-cpu',
        'max',
        '-accel',
        'tcg,thread=multi',
        '-smp',
        '2',
        '-m',
        '1536',
        '-nographic',
        '-no-reboot',
        '-nic',
        'none',
      ],
      ['-kernel', join(directory, 'vmlinuz'), '-initrd', join(directory, 'initramfs.gz')],
      ['-append', 'console=ttyS0 quiet panic=-1'],
      [
        '-drive',
        `file=${join(directory, 'disk.img')},format=raw,if=virtio,cache=unsafe,snapshot=on`,
      ],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const timer = setTimeout(() => qemu.kill('SIGKILL'), DEADLINE_MS)
  const lines: string[] = []
  for await (const line of createInterface(qemu.stdout)) {
    const text = line.replace(/^.*?(?=(?:ok|not ok|guest:) )/, '').trimEnd()
    if (/^(ok|not ok|guest:) /.test(text)) say(`  ${text}`)
    lines.push(text)
  }
  clearTimeout(timer)
  return lines
}

const why = missing()
if (why) {
  say(`vm: skipped: ${why}`)
} else {
  execFileSync(new URL('./build-image', import.meta.url).pathname, [directory], {
    stdio: 'inherit',
  })
  const lines = await boot()
  const passed = lines.filter((line) => line.startsWith('ok ')).length
  const failed = lines.filter((line) => line.startsWith('not ok ')).length
  say(`vm: ${passed} passed, ${failed} failed`)
  if (failed > 0 || passed === 0) {
    if (passed === 0) say(lines.slice(-40).join('\n'))
    process.exitCode = 1
  }
}
