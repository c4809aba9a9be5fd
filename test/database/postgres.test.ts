import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/database/database.js'
import { parseStoreUri } from '../../src/database/uri.js'
import { freshPostgres } from '../support/database.js'

async function open(text: string) {
  const uri = parseStoreUri(text, 'session service')
  if (uri.kind !== 'postgres') throw new Error('This is not PostgreSQL')
  return openDatabase(uri)
}

/** The last message of a connection that is being set up: ready for the first statement. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1')

/** What a server that shuts down says to whoever is connected. */
function farewell(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', '']
  const body = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from('E'), length, body])
}

/** A way to the server on which the connections of these numbers end in the very moment they are ready. */
async function endingConnections(uri: string, numbers: readonly number[]): Promise<string> {
  const { hostname, port } = new URL(uri)
  const sockets = new Set<Socket>()
  let count = 0
  const proxy = createServer((client) => {
    const isEnding = numbers.includes(++count)
    const server = connect(Number(port), hostname)
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.pipe(server)
    server.on('data', (data) => {
      if (isEnding && data.subarray(-READY.length).equals(READY))
        client.end(Buffer.concat([data, farewell()]))
      else client.write(data)
    })
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const url = new URL(uri)
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}` // a listening TCP server has one
  return url.href
}

test('a connection that ends in the moment it begins is replaced, and the process lives', async () => {
  const database = await open(await endingConnections(await freshPostgres(), [2, 3]))
  const sums = await Promise.all(
    [1, 2, 3].map((number) =>
      database.transaction(async (connection) => connection.all('select ?::int + 1 as sum', [number])),
    ),
  )
  expect(sums).toEqual([[{ sum: 2 }], [{ sum: 3 }], [{ sum: 4 }]])
  await database.close()
})

test('closing waits for all that is under way, also for what has no connection yet', async () => {
  const database = await open(`${await freshPostgres()}&pool_size=2`)
  const work = Array.from({ length: 9 }, (_, number) =>
    database.transaction(async (connection) => connection.all('select ?::int + 1 as sum', [number])),
  )
  const closing = database.close()
  expect(await Promise.all(work)).toEqual(work.map((_, number) => [{ sum: number + 1 }]))
  await closing
})
