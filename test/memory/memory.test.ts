import { InMemoryMemoryService } from '../../src/memory/memory.js'
import { describeMemoryStore } from './memory-store-suite.js'

describeMemoryStore('in memory', async () => new InMemoryMemoryService())
