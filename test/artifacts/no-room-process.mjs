// Saves more than there is room for, and then something small.
import { FileArtifactStore } from '../../dist/artifacts/files.js'

const store = await FileArtifactStore.open(process.argv[2] ?? '')
const key = { appName: 'app', userId: 'user', sessionId: 'one', filename: 'n' }
const save = (size) => store.saveArtifact({ ...key, artifact: { text: 'x'.repeat(size) } })
const { code, message } = await save(500_000).catch((error) => error)
const version = await save(10)
process.stdout.write(JSON.stringify({ code, message, version }))
