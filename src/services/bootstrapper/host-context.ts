import type {Tpm} from '../../attestation/tpm/tpm.ts';
import type {NodeParameters} from '../../attestation/variants/local/measured-boot.ts';
import type {Disk, Instance} from '../host.ts';
import type {LocalMetadata} from '../metadata.ts';
import type {Supervisor} from '../supervisor/supervisor.ts';

/** Everything a node has to work with, made once when it starts. */
export type NodeHost = {
	instance: Instance;
	parameters: NodeParameters;
	/** Of the image, as in `v0.1.0`. */
	imageVersion: string;
	/** New at every start of the machine. */
	bootId: string;
	metadata: LocalMetadata;
	disk: Disk;
	tpm: Tpm;
	supervisor: Supervisor;
	/** Aborts when the machine is being switched off. */
	signal: AbortSignal;
	/** One line for the serial log and the provider's boot log; never holds a secret. */
	log: (line: string) => void;
};
