export {
  scriptedModel,
  ScriptedModel,
  type RecordedCall,
  type ScriptedStep as Step,
  type ScriptedTurn as Turn,
} from '../../src/models/scripted.js'
