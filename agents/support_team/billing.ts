import { FunctionTool, LlmAgent } from 'adk-ts'
import { z } from 'zod'

interface Invoice {
  month: string
  euros: number
  status: string
}

const INVOICES = new Map<number, Invoice>([
  [1001, { month: 'March', euros: 29.9, status: 'paid' }],
  [1002, { month: 'April', euros: 34.9, status: 'open, due at the end of this month' }],
])

const listInvoices = new FunctionTool({
  name: 'list_invoices',
  description: 'Lists all invoices of the customer.',
  execute: () => ({
    status: 'success',
    report: [...INVOICES].map(([number, { month }]) => `Invoice ${number} (${month})`).join(', '),
  }),
})

const getInvoice = new FunctionTool({
  name: 'get_invoice',
  description: 'Finds out what an invoice is for and whether it is paid.',
  parameters: z.object({ number: z.int().describe('The number of the invoice.') }),
  execute: ({ number }) => {
    const invoice = INVOICES.get(number)
    if (!invoice) return { status: 'error', error_message: `There is no invoice ${number}.` }
    const { month, euros, status } = invoice
    return {
      status: 'success',
      report: `Invoice ${number} for ${month} is over ${euros.toFixed(2)} euros: ${status}.`,
    }
  },
})

export const billing = new LlmAgent({
  name: 'billing',
  // This is what the colleagues read before they hand over.
  description: 'Answers questions about invoices, prices and payments.',
  instruction: 'You answer questions about invoices, prices and payments. Look invoices up, never guess.',
  tools: [getInvoice, listInvoices],
})
