import type { LoopAgent, ParallelAgent, SequentialAgent } from './workflow.js'

// Apart from the classes, so that what they are made of can ask without importing them.

const brand = (name: string): symbol => Symbol.for(`google.adk.${name}`)
export const SEQUENTIAL_BRAND: unique symbol = brand('sequentialAgent') as never
export const PARALLEL_BRAND: unique symbol = brand('parallelAgent') as never
export const LOOP_BRAND: unique symbol = brand('loopAgent') as never

const isBranded = (value: unknown, symbol: symbol): boolean =>
  typeof value === 'object' && value !== null && symbol in value

export const isSequentialAgent = (value: unknown): value is SequentialAgent =>
  isBranded(value, SEQUENTIAL_BRAND)
export const isParallelAgent = (value: unknown): value is ParallelAgent => isBranded(value, PARALLEL_BRAND)
export const isLoopAgent = (value: unknown): value is LoopAgent => isBranded(value, LOOP_BRAND)
