// The public door of the shim: attested login, delivery, and running a workload with what was delivered.
export {
  type Attester,
  type AttesterSettings,
  type CmwRecord,
  type CollectedEvidence,
  cmwTypes,
} from './attesters/attester.js';
export { TSM_PATH } from './attesters/configfs-tsm.js';
export { attesterNames, openAttester } from './attesters/registry.js';
export { parseServerIdentity } from './challenge.js';
export { AttestationRefusedError, exitCodes, ShimError } from './errors.js';
export { type BindingChoice, bindingChoices, type LoginSettings, logIn } from './login.js';
export { measureCommand, type SimulatedMeasurement, toReferenceValues } from './measure.js';
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
