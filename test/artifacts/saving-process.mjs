// Saves one artifact again and again, and prints each version once it is acknowledged.
import { FileArtifactStore } from '../../dist/artifacts/files.js'

const [root = '', size = '1000', count = '1000000'] = process.argv.slice(2)
const store = await FileArtifactStore.open(root)
const key = { appName: 'app', userId: 'user', sessionId: 'one', filename: 'n' }
process.stdout.write('ready\n')
for (let index = 0; index < Number(count); index++) {
  const version = await store.saveArtifact({ ...key, artifact: { text: 'x'.repeat(Number(size)) } })
  process.stdout.write(`${version}\n`)
}
