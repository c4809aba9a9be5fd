// Starts and ends child processes and reads what they use. Every child leads a process group of its own, so ending the
// group ends everything the child has started, and nothing else.
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from './options.mjs'

const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096
const START_LIMIT_MS = 60_000

const running = new Set()

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended by itself.
  }
}

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

/** Starts a process whose last lines of output are kept for error messages. */
export function start(command, args, { env = {}, cwd = ROOT, ipc = false } = {}) {
  const stdio = ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])]
  const child = spawn(command, args, { stdio, cwd, detached: true, env: { ...process.env, ...env } })
  running.add(child)
  child.output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (child.output = (child.output + text).slice(-2000)))
  }
  child.on('error', (error) => (child.output += error.message))
  child.on('exit', () => {
    if (child.pid) signalGroup(child, 'SIGKILL')
    running.delete(child)
  })
  return child
}

const hasEnded = (child) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

export async function stop(child) {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  signalGroup(child, 'SIGTERM')
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 2000)
  await ended
  clearTimeout(timer)
}

export const stopAll = () => Promise.all([...running].map(stop))

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

function answers(url) {
  return new Promise((resolve) => {
    request(url, { agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200))
    })
      .on('error', () => resolve(false))
      .end()
  })
}

/** Starts a server and resolves at its first answer to `path`, with the time and the CPU time that took. */
export async function startServer({ name, command, env }, path) {
  const port = await freePort()
  const hasPlace = command.some((word) => word.includes('{port}'))
  const words = hasPlace
    ? command.map((word) => word.replace('{port}', port))
    : [...command, '--port', String(port)]
  const startedAt = performance.now()
  const child = start(words[0], words.slice(1), { env })
  const url = `http://127.0.0.1:${port}`
  while (!(await answers(`${url}${path}`))) {
    const late = performance.now() - startedAt > START_LIMIT_MS
    if (late || hasEnded(child)) {
      await stop(child)
      throw new Error(`${name} did not start: ${words.join(' ')}\n${child.output}`)
    }
    await sleep(2)
  }
  const startMs = performance.now() - startedAt
  return { name, url, pid: child.pid, child, startMs, startCpuMs: cpuMs(child.pid) }
}

/** Fields of /proc/<pid>/stat from the third on, as numbers; `undefined` for a process that has ended. */
function readStat(pid) {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    const [parent, user, system, childUser, childSystem, pages] = [1, 11, 12, 13, 14, 21].map((at) =>
      Number(fields[at]),
    )
    return { pid, parent, ticks: user + system + childUser + childSystem, pages }
  } catch {
    return undefined
  }
}

/** A process and all that descend from it. */
function tree(root) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== undefined)
  const family = all.filter(({ pid }) => pid === root)
  for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid))
  return family
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)
const toMs = (ticks) => (ticks * 1000) / TICKS_PER_SECOND

/** CPU time of a process tree since its start: all threads, and descendants that have ended. */
export const cpuMs = (pid) => toMs(sum(tree(pid).map(({ ticks }) => ticks)))

/** Resident memory of a process tree, in MB. */
export const rssMb = (pid) => (sum(tree(pid).map(({ pages }) => pages)) * PAGE_BYTES) / 2 ** 20

/** CPU time that everybody but this process and its children has used since the machine started. */
export function neighbourCpuMs() {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return toMs(user + nice + system + irq + softirq) - cpuMs(process.pid)
}
