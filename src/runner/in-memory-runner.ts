import { InMemoryArtifactService } from '../artifacts/memory.js'
import { InMemoryMemoryService } from '../memory/memory.js'
import { InMemorySessionService } from '../sessions/memory.js'
import { Runner, type RunnerConfig } from './runner.js'

/** A runner that keeps everything in memory: for scripts and tests. */
export class InMemoryRunner extends Runner {
  constructor(config: Omit<RunnerConfig, 'sessionService' | 'artifactService' | 'memoryService'>) {
    super({
      ...config,
      appName: config.appName ?? config.app?.name ?? 'InMemoryRunner',
      sessionService: new InMemorySessionService(),
      artifactService: new InMemoryArtifactService(),
      memoryService: new InMemoryMemoryService(),
    })
  }
}
