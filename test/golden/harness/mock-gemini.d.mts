export class MockGemini {
  listen(port?: number): Promise<number>
  close(): Promise<void>
}
