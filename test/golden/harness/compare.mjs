// Compares what was observed with what was recorded, by the rules in the README beside this folder.
import { diff } from './prose.mjs'

/** Partial events that carry neither text nor a call nor an error are optional. */
const meaningful = (e) => !e.partial || e.errorCode || e.content?.parts?.some((p) => p.text || p.functionCall || p.inlineData);
/** Empty and absent are the same: longRunningToolIds [], the empty action maps, partial false. */
function lean(e) {
  if (e.ref) return e;
  const o = {...e, actions: Object.fromEntries(Object.entries(e.actions ?? {}).filter(([, v]) => !(v && typeof v === 'object' && !Object.keys(v).length)))};
  if (!o.partial) delete o.partial;
  if (!o.longRunningToolIds?.length) delete o.longRunningToolIds;
  return o;
}
function renumber(x) { // event numbers again by first appearance, after optional events were dropped
  const seen = new Map();
  const s = JSON.stringify(x).replace(/<event:\d+>/g, (m) => { if (!seen.has(m)) seen.set(m, `<event:${seen.size + 1}>`); return seen.get(m); });
  return JSON.parse(s);
}
function view(x) {
  const y = structuredClone(x);
  for (const t of y.turns) t.events = t.events.filter(meaningful).map(lean);
  if (y.session?.events) y.session.events = y.session.events.map(lean);
  const z = renumber({turns: y.turns, session: y.session, artifacts: y.artifacts});
  return {events: z.turns, session: {session: z.session, artifacts: z.artifacts}, tools: y.toolCalls, requests: y.modelRequests};
}

/** The sections that differ, with the first place; empty when all are equal. A section without a record is not checked. */
export function compare(recorded, observed) {
  const expected = view(recorded)
  const got = view(observed)
  return ['events', 'session', 'tools', 'requests'].flatMap((section) => {
    const place = expected[section] === undefined ? null : diff(expected[section], got[section])
    return place === null ? [] : [`${section} at ${place}`]
  })
}
