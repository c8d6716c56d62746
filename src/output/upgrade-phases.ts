import type {PhaseId} from '../events.ts';

/** The phases of an upgrade, as far as they are known beforehand. */
export const upgradePhases: readonly PhaseId[] = ['lock', 'backup', 'policies', 'control-planes', 'workers', 'retire', 'verify'];
