import { InMemoryArtifactService } from '../../src/artifacts/memory.js'
import { describeArtifactStore } from './artifact-store-suite.js'

describeArtifactStore('in memory', async () => new InMemoryArtifactService())
