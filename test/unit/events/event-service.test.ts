import { expect, test } from 'vitest'
import { Database } from '../../../daemon/db/database.ts'
import { type EngineEvent, eventFilter } from '../../../daemon/events/event.ts'
import { EventService, type Subscription } from '../../../daemon/events/event-service.ts'
import { EventStore } from '../../../daemon/events/event-store.ts'

const stack = new DisposableStack()

function anEngine() {
  const db = stack.use(new Database(':memory:'))
  return { db, events: stack.use(new EventService({ db, events: new EventStore(db) })) }
}

const anEvent = (action: string) => ({
  type: 'container',
  action,
  id: 'c1',
  attributes: { name: 'web', image: 'busybox', color: 'red' },
})

async function take(
  events: EventService,
  count: number,
  subscription: Partial<Subscription> = {},
): Promise<EngineEvent[]> {
  const gone = new AbortController()
  const found: EngineEvent[] = []
  for await (const event of events.subscribe({ signal: gone.signal, ...subscription })) {
    found.push(event)
    if (found.length === count) break
  }
  return found
}

test('a subscriber hears what happens from now on, in order and without gaps', async () => {
  const { events } = anEngine()
  events.publish(anEvent('create'))
  events.flush()

  const heard = take(events, 300)
  for (let i = 0; i < 300; i++) events.publish(anEvent(`a${i}`))

  const found = await heard
  expect(found.map(({ action }) => action)).toEqual(found.map((_, i) => `a${i}`))
  expect(found.map(({ id }) => id)).toEqual(found.map((_, i) => (found[0]?.id ?? 0) + i))
  expect(new Set(found.map(({ timeNano }) => timeNano)).size).toBe(300)
})

test('what a transaction took back never happened', async () => {
  const { db, events } = anEngine()
  const heard = take(events, 1)

  expect(() =>
    db.transaction(() => {
      events.publish(anEvent('start'))
      throw new Error('no')
    }),
  ).toThrow('no')
  db.transaction(() => events.publish(anEvent('create')))

  expect(await heard).toMatchObject([{ action: 'create', id: 1 }])
})

test('a subscriber who was away goes on where it was', async () => {
  const { events } = anEngine()
  for (const action of ['create', 'start', 'die']) events.publish(anEvent(action))

  expect(await take(events, 2, { sinceId: 1 })).toMatchObject([
    { action: 'start' },
    { action: 'die' },
  ])
})

test('the past ends at until', async () => {
  const { events } = anEngine()
  events.publish(anEvent('create'))
  const [created] = await take(events, 1, { since: 0n })

  expect(await take(events, 99, { since: 0n, until: created?.timeNano ?? 0n })).toHaveLength(1)
})

test.each([
  [{ container: ['web'] }, true],
  [{ container: ['c1'] }, true],
  [{ container: ['other'] }, false],
  [{ image: ['busybox'] }, true],
  [{ event: ['exec_create'] }, true],
  [{ event: ['exec_die', 'exec_create'] }, true],
  [{ event: ['start'] }, false],
  [{ type: ['network'] }, false],
  [{ label: ['color=red', 'name'] }, true],
  [{ label: ['color=red', 'size'] }, false],
  [{ type: ['container'], container: ['other'] }, false],
  [{ scope: ['local'] }, true],
  [{ nobody: ['knows'] }, true],
])('filters %j', (filters, isWanted) => {
  const event = { ...anEvent('exec_create: ls'), id: 1, actorId: 'c1', timeNano: 1n }

  expect(eventFilter(filters)(event)).toBe(isWanted)
})
