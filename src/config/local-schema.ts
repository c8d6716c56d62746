import {z} from 'zod';
import {clusterName, formatVersion, isPlaceholder, stamped, versionText} from './fields.ts';
import {trustSchema} from './trust.ts';
import {imageVersionRule, kubernetesVersions, parseImagePath, serviceVersionRule} from './versions.ts';

/** Most nodes that one cluster of the local provider has addresses for. */
export const maxNodes = 200;

/** Hex of a SHA-256 register value; a bare value is enforced. */
const registerValue = z
	.string()
	.regex(/^(?:[\da-f]{64})$/, {error: 'must be 64 lower-case hex characters'})
	.refine(text => !isPlaceholder(text), {error: 'is a placeholder, not a measurement'});

const measurement = z.union([
	registerValue.transform(expected => ({expected, warnOnly: false})),
	z.strictObject({
		expected: registerValue.describe('Value the register must have, hex.'),
		warnOnly: z.boolean().describe('Whether a difference is only reported.'),
	}),
]);

const registerValues = z.record(
	z.string().regex(/^(?:\d|1\d|2[0-3])$/, {error: 'must be a register number from 0 to 23'}),
	measurement,
);

const publicKey = z
	.string()
	.regex(/^[A-Za-z\d+/]+={0,2}$/, {error: 'must be the base64 of a public key (DER, SubjectPublicKeyInfo)'})
	.max(2000);

const group = <Role extends string>(role: Role, minimum: number) =>
	z.strictObject({
		role: z.literal(role).describe('What the nodes of this group do.'),
		count: z.int().min(minimum).max(maxNodes).describe('How many nodes the group has.'),
	});

/** A config of the local provider. Descriptions end up in docs/config.md. */
export const localSchema = z.strictObject({
	version: formatVersion,
	image: versionText(stamped(imageVersionRule), text => parseImagePath(text)?.version).describe(
		'Image that the nodes run, a version like v1.2.3.',
	),
	name: clusterName(37),
	stateDiskSizeGB: z
		.int()
		.min(0)
		.optional()
		.describe('Size of the state disk of a node in gigabytes. Not used by the local provider.'),
	kubernetesVersion: z
		.string()
		.transform(text => (text.startsWith('v') ? text : `v${text}`))
		.refine(text => kubernetesVersions.some(known => known === text), {
			error: `must be one of ${kubernetesVersions.join(', ')}`,
		})
		.describe('Kubernetes version of the cluster, to the patch.'),
	microserviceVersion: versionText(stamped(serviceVersionRule), text => text).describe('Version of the services on the nodes.'),
	debugCluster: z.boolean().describe('Whether nodes allow debugging. Must be false for the local provider.'),
	provider: z
		.strictObject({
			local: z.strictObject({}).describe('Nodes are processes on this machine: a rehearsal, not confidential. Has no settings.'),
		})
		.describe('Where the nodes run.'),
	nodeGroups: z
		.strictObject({
			control_plane_default: group('control-plane', 1).describe(
				'The control planes. One is enough to try out; three survive the loss of one.',
			),
			worker_default: group('worker', 0).describe('The workers.'),
		})
		.describe('How many nodes of which role there are.'),
	attestation: z
		.strictObject({
			localVTPM: z
				.strictObject({
					measurements: registerValues
						.optional()
						.describe(
							'Register values a node must have. `constellation apply` computes them from the image files and writes them here.',
						),
					makerKey: publicKey
						.optional()
						.describe('Key that certifies the TPMs of this cluster. Written by `constellation apply`.'),
					releaseKey: publicKey
						.optional()
						.describe('Key that signed the measurements of the image. Written by `constellation apply`.'),
					previous: z
						.strictObject({
							image: z.string().describe('Image that the cluster comes from.'),
							measurements: registerValues.describe('Register values of its nodes.'),
						})
						.optional()
						.describe('Accepted too while an upgrade replaces nodes. Written and removed by `constellation upgrade`.'),
				})
				.describe('What a node has to prove before it gets any secret.'),
		})
		.describe('Attestation of the one provider above.'),
	trust: trustSchema.optional().describe('Where signed measurements come from, and who has to vouch for them.'),
});

export type LocalConfig = z.infer<typeof localSchema>;
