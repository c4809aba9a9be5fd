import { createPartFromBase64, type Part } from '@google/genai'
import { FunctionTool, LlmAgent, LOAD_ARTIFACTS, type Context } from 'adk-ts'
import { z } from 'zod'

const makeReport = new FunctionTool({
  name: 'make_report',
  description: 'Writes a report.',
  parameters: z.object({ text: z.string() }),
  execute: async ({ text }, context: Context) => {
    const report: Part = createPartFromBase64(Buffer.from(text).toString('base64'), 'text/plain')
    const version = await context.saveArtifact('report.txt', report)
    await context.saveArtifact('user:last.txt', { text })
    const names = await context.listArtifacts()
    const loaded = await context.loadArtifact('report.txt', version)
    return { version, names, mimeType: loaded?.inlineData?.mimeType }
  },
})

export const rootAgent = new LlmAgent({
  name: 'reporter',
  model: 'gemini-2.5-flash',
  tools: [makeReport, LOAD_ARTIFACTS],
})
