import {z} from 'zod';
import aws from './data/aws.json' with {type: 'json'};
import azure from './data/azure.json' with {type: 'json'};
import common from './data/common.json' with {type: 'json'};
import config from './data/config.json' with {type: 'json'};
import gcp from './data/gcp.json' with {type: 'json'};
import local from './data/local.json' with {type: 'json'};
import qemu from './data/qemu.json' with {type: 'json'};
import tdx from './data/tdx.json' with {type: 'json'};

/** Who might read the data, and how a person is told of them; in the order of the answer. */
export const readers = {
	account: 'Programs that run as you',
	'host-software': 'The host’s software and its administrators',
	'machine-firmware': 'Who supplies the firmware of the machines',
	'machine-tpm': 'Who runs the TPM of the machines',
	'hands-on-server': 'Someone with hands on the server',
	'processor-maker': 'The maker of the processor',
	network: 'Someone on the network',
	disks: 'Someone who copies the disks',
	administrators: 'Holders of an administrator’s kubeconfig',
	'secret-holders': 'Holders of the master secret',
	'image-signers': 'Who signs the images',
} as const;
export type Reader = keyof typeof readers;

/** What a setting of the config adds, by the name of the setting. */
export const conditions = ['unknown-keys', 'warn-only', 'snp-unchecked', 'id-key-lenient', 'debug', 'secret-here'] as const;
export type Condition = (typeof conditions)[number];

const claimSchema = z.strictObject({
	who: z.enum(Object.keys(readers) as [Reader, ...Reader[]]),
	/** Absent: all of the family. */
	variants: z.array(z.string()).exactOptional(),
	providers: z.array(z.string()).exactOptional(),
	when: z.enum(conditions).exactOptional(),
	/** Whether they can read the data of a running cluster. */
	can: z.enum(['yes', 'partly', 'no', 'unknown']),
	because: z.string().min(10).max(400),
	/**
	 * A public document; `url` is an address, or a file of this tool. `read` says where it was not read itself: `excerpts` of it only, or
	 * only what others `quoted`.
	 */
	source: z.strictObject({
		document: z.string(),
		section: z.string(),
		url: z.string(),
		read: z.enum(['excerpts', 'quoted']).exactOptional(),
	}),
	/** When the source was published, or read where it has no date: year, month and maybe day. */
	date: z.string().regex(/^\d{4}-\d\d(-\d\d)?$/),
});

/** One statement with where it comes from. */
export type Claim = z.infer<typeof claimSchema>;

const read = (rows: unknown): readonly Claim[] => z.array(claimSchema).parse(rows);

/** What holds on every provider but where a family says otherwise, and what settings of the config add. */
export const commonClaims = read(common);
export const configClaims = read(config);

const families = {local: read(local), qemu: read(qemu), aws: read(aws), azure: read(azure), gcp: read(gcp), tdx: read(tdx)};

/** The attestation variants of each provider, its default first. */
export const variantsOf = {
	local: ['local-vtpm'],
	qemu: ['qemu-vtpm', 'qemu-tdx'],
	openstack: ['qemu-vtpm'],
	stackit: ['qemu-vtpm'],
	aws: ['aws-sev-snp', 'aws-nitro-tpm'],
	azure: ['azure-sev-snp', 'azure-tdx', 'azure-trustedlaunch'],
	gcp: ['gcp-sev-snp', 'gcp-sev-es'],
} as const;
export type PostureProvider = keyof typeof variantsOf;
export type Place = {provider: PostureProvider; variant: string};

/** The claims of the family that a variant belongs to. */
export function familyClaims({provider, variant}: Place): readonly Claim[] {
	if (variant === 'qemu-tdx') return families.tdx;
	const family = variant.split('-')[0] ?? '';
	const claims = Object.entries(families).find(([name]) => name === family)?.[1] ?? [];
	return claims.filter(claim => (claim.variants?.includes(variant) ?? true) && (claim.providers?.includes(provider) ?? true));
}
