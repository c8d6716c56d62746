import type {AttestationKey} from '../attestation-keys.ts';

/** What an editor is told of a key beside the measurements; what is allowed is what `parsePolicy` accepts. */
export type KeyWords = {description: string; type?: string | string[]; items?: object};

const text = 'string';
const list = {type: 'array', items: {type: text}};
const version = (part: string, words = ''): KeyWords => ({
	description: `Lowest version of the ${part} that is accepted.${words}`,
	type: words === '' ? 'integer' : ['integer', text],
});
const latest = ' `latest` follows the versions that are published as settled.';

const snp = (words = ''): Record<string, KeyWords> => ({
	bootloaderVersion: version('bootloader of the security processor', words),
	teeVersion: version('firmware that isolates', words),
	snpVersion: version('SEV-SNP firmware', words),
	microcodeVersion: version('microcode', words),
	fmcVersion: version('first mutable code (EPYC 9005 and later)'),
	amdRootKey: {description: 'Root certificate of AMD, PEM. Without it the built-in ones count.', type: text},
	snp: {description: 'More rules for the report of the processor; docs/attestation tells them.', type: 'object'},
});

const enrolment: Record<string, KeyWords> = {
	attestationKeys: {description: 'Attestation keys that count although nothing certifies them: SHA-256, hex.', ...list},
	acceptUnknownKeys: {description: 'Accept keys that nothing vouches for; stays visible as a warning.', type: 'boolean'},
};

const chains: Record<string, KeyWords> = {
	roots: {description: 'Root certificates, PEM, instead of the built-in ones.', ...list},
	requireRevocationLists: {description: 'Whether a missing revocation list refuses.', type: 'boolean'},
};

const aws: Record<string, KeyWords> = {
	...enrolment,
	accounts: {description: 'Account numbers that nodes may belong to. Without it: any.', ...list},
	machineImages: {description: 'AMIs that nodes may run. Without it: any.', ...list},
	acceptUnknownMachineImages: {
		description: 'Accept images that nobody asked EC2 about; stays visible as a warning.',
		type: 'boolean',
	},
};

const gcp: Record<string, KeyWords> = {
	...enrolment,
	...chains,
	projects: {description: 'Projects that nodes may belong to. Without it: any.', ...list},
	minimumFirmwareVersion: {description: 'Lowest version of the firmware of the machine.', type: 'integer'},
};

const tdx: Record<string, KeyWords> = {
	tcbStatus: {description: 'What states of the platform other than UpToDate do: `refuse` or `warn`, by state.', type: 'object'},
	collateral: {description: 'Whether Intel’s statements must be there and in date: `require` or `warn`.', type: text},
	minimumTcbEvaluation: {description: 'Lowest evaluation number of Intel’s statements.', type: 'integer'},
	mrSeam: {description: 'Accepted measurements of the TDX module, hex.', ...list},
	mrSignerSeam: {description: 'Signer of the TDX module, hex.', type: text},
	tdAttributes: {description: 'Attributes of the trust domain, hex.', type: text},
	xfam: {description: 'Processor features of the trust domain, hex.', type: text},
	intelRootKey: {description: 'Root certificate of Intel, PEM. Without it the built-in one counts.', type: text},
};

const words: Readonly<Record<AttestationKey, Record<string, KeyWords>>> = {
	localVTPM: {},
	qemuVTPM: enrolment,
	qemuTDX: tdx,
	awsNitroTPM: aws,
	awsSEVSNP: {...snp(), ...aws},
	gcpSEVES: {technology: {description: '`sev` or `sev-es`, as the firmware reports it.', type: text}, ...gcp},
	gcpSEVSNP: {...snp(), ...gcp},
	azureSEVSNP: {
		...snp(latest),
		firmwareSignerConfig: {
			description:
				'Who may have signed the firmware: `acceptedKeyDigests` (hex), `enforcementPolicy` (Equal, MAAFallback, WarnOnly), `maaURL`.',
			type: 'object',
		},
	},
	azureTrustedLaunch: {...chains, ...enrolment},
	azureTDX: {
		...tdx,
		mrTd: {description: 'Accepted measurements of the paravisor, hex.', ...list},
		acceptUnknownParavisor: {description: 'Accept any paravisor; stays visible as a warning.', type: 'boolean'},
	},
};

export const sectionKeys = (key: AttestationKey): Readonly<Record<string, KeyWords>> => words[key];
