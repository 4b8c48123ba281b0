// The public door of the shim: attested login, delivery, and running a workload with what was delivered.
export type {
  Attester,
  AttesterFormat,
  AttesterSettings,
  CmwRecord,
  CollectedEvidence,
} from './attesters/attester.js';
export { TSM_PATH } from './attesters/configfs-tsm.js';
export { GRAMINE_PATH } from './attesters/gramine.js';
export { attesterNames, openAttester } from './attesters/registry.js';
export { parseServerIdentity } from './challenge.js';
export { AttestationRefusedError, exitCodes, ShimError } from './errors.js';
export { type BindingChoice, bindingChoices, type LoginSettings, logIn } from './login.js';
export { measureCommand, type SimulatedMeasurement } from './measure.js';
export {
  type AttestedClient,
  type AttestedLoginOptions,
  openAttestedClient,
  type RunOptions,
  runWorkload,
  type ShimIo,
} from './run.js';
export { ServerRefusalError } from './server-api.js';
export { type Attestation, type Lease, Session } from './session.js';
export {
  defaultSimulatedFormat,
  type SimulatedFormat,
  simulatedFormats,
  toReferenceValues,
} from './simulated-registers.js';
