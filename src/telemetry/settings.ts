type Environment = Readonly<Record<string, string | undefined>>

/** What is noted about runs, and who gets to see it. */
export interface TelemetrySettings {
  /** Whether the traces under /debug/trace hold what was said. */
  readonly keepContents: boolean
}

export function telemetrySettings(environment: Environment): TelemetrySettings {
  return { keepContents: !isOff(environment['ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS']) }
}

const isOff = (text: string | undefined): boolean => /^(?:0|false|no|off)$/i.test(text?.trim() ?? '')
