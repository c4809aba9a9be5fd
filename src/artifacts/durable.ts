// Artifacts that outlive the process, as authors open them. Nothing of an engine is loaded before it is needed.
import {
  BaseArtifactService,
  type ArtifactKey,
  type ArtifactVersion,
  type LoadArtifactRequest,
  type SaveArtifactRequest,
} from '../core/artifact.js'
import type { Part } from '../core/content.js'
import { Late } from '../core/late.js'
import type { SessionKey } from '../core/session.js'
import type { GcsOptions } from './gcs.js'

class LateArtifactService extends BaseArtifactService {
  readonly #store: Late<BaseArtifactService>

  constructor(open: () => Promise<BaseArtifactService>) {
    super()
    this.#store = new Late(open)
  }

  override async saveArtifact(request: SaveArtifactRequest): Promise<number> {
    return (await this.#store.get()).saveArtifact(request)
  }

  override async loadArtifact(request: LoadArtifactRequest): Promise<Part | undefined> {
    return (await this.#store.get()).loadArtifact(request)
  }

  override async listArtifactKeys(key: SessionKey): Promise<string[]> {
    return (await this.#store.get()).listArtifactKeys(key)
  }

  override async listVersions(key: ArtifactKey): Promise<number[]> {
    return (await this.#store.get()).listVersions(key)
  }

  override async listArtifactVersions(key: ArtifactKey): Promise<ArtifactVersion[]> {
    return (await this.#store.get()).listArtifactVersions(key)
  }

  override async getArtifactVersion(request: LoadArtifactRequest): Promise<ArtifactVersion | undefined> {
    return (await this.#store.get()).getArtifactVersion(request)
  }

  override async deleteArtifact(key: ArtifactKey): Promise<void> {
    return (await this.#store.get()).deleteArtifact(key)
  }

  override async deleteSession(key: SessionKey): Promise<void> {
    return (await this.#store.get()).deleteSession(key)
  }

  override async close(): Promise<void> {
    await this.#store.close()
  }
}

/** Artifacts as files in a folder, which is made when it is first needed. Several processes may share it. */
export class FileArtifactService extends LateArtifactService {
  constructor(folder: string) {
    super(async () => {
      const { FileArtifactStore } = await import('./files.js')
      return FileArtifactStore.open(folder)
    })
  }
}

/**
 * Artifacts in a bucket of Google Cloud Storage, with the credentials of the machine. It is looked for when it is first
 * needed. Several processes may share it.
 */
export class GcsArtifactService extends LateArtifactService {
  constructor(bucket: string, options?: GcsOptions) {
    super(async () => {
      const { GcsArtifactStore } = await import('./gcs.js')
      return GcsArtifactStore.open(bucket, options)
    })
  }
}
