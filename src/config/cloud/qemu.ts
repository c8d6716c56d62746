import {z} from 'zod';
import {filled} from '../fields.ts';
import {attestationOf} from './attestation.ts';
import {type CloudRules, commonKeys, oneOf} from './common.ts';

const rules: CloudRules = {title: 'QEMU', nameLimit: 37, tagProblem: () => 'has no meaning on QEMU'};

/** Virtual machines on this computer. */
export const qemuSchema = z.strictObject({
	...commonKeys(rules),
	provider: z.strictObject({
		qemu: z.strictObject({
			imageFormat: oneOf(['raw', 'qcow2']).describe('Format of the image file.'),
			vcpus: z.int().min(1).describe('Processors of a machine.'),
			memory: z.int().min(1).describe('Memory of a machine in MiB.'),
			metadataAPIServer: filled('name of a container image').describe('Container image of the metadata server.'),
			libvirtSocket: z.string().default('').describe('Socket of libvirt; empty: libvirt in a container.'),
			libvirtContainerImage: z.string().default('').describe('Container image of libvirt.'),
			nvram: filled('production, testing or a path').describe('Firmware variables: production, testing or a path.'),
			firmware: z.string().default('').describe('Firmware of the machines; empty: the one of the system.'),
		}),
	}),
	attestation: attestationOf('qemuVTPM', 'qemuTDX'),
});
export type QemuConfig = z.infer<typeof qemuSchema>;
