import { Type, type Schema } from '@google/genai'
import { FunctionTool, LlmAgent, type ToolContext } from 'adk-ts'

const orderSchema: Schema = {
  type: Type.OBJECT,
  properties: {
    orderId: { type: Type.STRING, description: 'The number on the receipt.' },
    quantity: { type: Type.INTEGER },
  },
  required: ['orderId'],
}

interface Order {
  orderId: string
  quantity?: number
}

export const rootAgent = new LlmAgent({
  name: 'order_agent',
  model: 'gemini-2.5-flash',
  tools: [
    new FunctionTool({
      name: 'check_order',
      description: 'Looks an order up.',
      parameters: orderSchema,
      execute: (input: Order, toolContext?: ToolContext) => ({
        orderId: input.orderId.trim(),
        quantity: input.quantity ?? 1,
        user: toolContext?.userId,
      }),
    }),
    new FunctionTool({
      name: 'log_order',
      description: 'Notes an order.',
      parameters: orderSchema,
      execute: async (input: unknown) => ({ noted: JSON.stringify(input) }),
    }),
  ],
})
