import { expect, test } from 'vitest'
import { parsePs } from '../../../daemon/containers/top.ts'

const OUTPUT = `UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 03:14 ?        00:00:00 /sbin/init splash
root        2726    2706  0 03:14 ?        00:00:00 sleep  900
`

test('only the processes of the container are listed, and a command keeps its spaces', () => {
  const { Titles, Processes } = parsePs(OUTPUT, [2726])

  expect(Titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'])
  expect(Processes).toEqual([['root', '2726', '2706', '0', '03:14', '?', '00:00:00', 'sleep  900']])
})

test('a listing without pids cannot be told apart', () => {
  expect(() => parsePs('USER CMD\nroot init\n', [1])).toThrow(
    "Couldn't find PID field in ps output",
  )
})
