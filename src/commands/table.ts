export type FlagSpec = {
	/** Long name without dashes. */
	name: string;
	short?: string;
	/** Placeholder of the value; a flag without one is a switch. */
	value?: string;
	description: string;
	/** Environment variable that sets the flag. */
	env: string;
	/** Whether the value is a whole number. */
	number?: boolean;
	required?: boolean;
};

export type ArgumentSpec = {name: string; description: string; required: boolean; choices?: readonly string[]};

export type CommandSpec = {
	/** Words of the command, such as `config generate`. */
	name: string;
	summary: string;
	/** What a person should know before running it. */
	details?: string;
	argument?: ArgumentSpec;
	flags: readonly FlagSpec[];
	examples: readonly string[];
};

/** Flags that every command has. */
export const globalFlags: readonly FlagSpec[] = [
	{
		name: 'workspace',
		short: 'C',
		value: 'DIR',
		description: 'Folder of the cluster (default: the current folder)',
		env: 'CONSTELLATION_WORKSPACE',
	},
	{name: 'json', description: 'Print JSON Lines on stdout; the last line is the result', env: 'CONSTELLATION_JSON'},
	{name: 'plain', description: 'Print plain lines, also on a terminal', env: 'CONSTELLATION_PLAIN'},
	{name: 'yes', short: 'y', description: 'Ask nothing; no check is skipped', env: 'CONSTELLATION_YES'},
];

const sizeFlags: readonly FlagSpec[] = [
	{
		name: 'control-planes',
		short: 'c',
		value: 'N',
		number: true,
		description: 'Number of control planes (default: 1)',
		env: 'CONSTELLATION_CONTROL_PLANES',
	},
	{
		name: 'workers',
		short: 'w',
		value: 'N',
		number: true,
		description: 'Number of workers (default: 2)',
		env: 'CONSTELLATION_WORKERS',
	},
];

const configFlag: FlagSpec = {
	name: 'config',
	value: 'FILE',
	description: 'Config to start from; it is copied into a workspace that has none',
	env: 'CONSTELLATION_CONFIG',
};

const newClusterFlags: readonly FlagSpec[] = [
	{name: 'name', value: 'NAME', description: 'Name of the cluster (default: constell)', env: 'CONSTELLATION_NAME'},
	...sizeFlags,
	{
		name: 'kubernetes',
		short: 'k',
		value: 'VERSION',
		description: 'Kubernetes version (default: the newest)',
		env: 'CONSTELLATION_KUBERNETES',
	},
	{name: 'image', value: 'VERSION', description: 'Image of the nodes (default: that of the tool)', env: 'CONSTELLATION_IMAGE'},
];

const cloudFlags: readonly FlagSpec[] = [
	{
		name: 'attestation',
		value: 'VARIANT',
		description: 'Clouds: attestation variant, like aws-sev-snp (default: the one that protects most)',
		env: 'CONSTELLATION_ATTESTATION',
	},
	{name: 'region', value: 'REGION', description: 'Clouds: region or location', env: 'CONSTELLATION_REGION'},
	{name: 'zone', value: 'ZONE', description: 'Clouds: zone', env: 'CONSTELLATION_ZONE'},
	{
		name: 'instance-type',
		value: 'TYPE',
		description: 'Clouds: machine type, size or flavor (default: one with 4 processors)',
		env: 'CONSTELLATION_INSTANCE_TYPE',
	},
	{
		name: 'source-ranges',
		value: 'RANGE,…',
		description: 'Clouds: who may reach the cluster, IPv4 ranges (default: nobody until you say so)',
		env: 'CONSTELLATION_SOURCE_RANGES',
	},
];

const offersArgument: ArgumentSpec = {
	name: 'PROVIDER',
	description: 'Cloud to list (default: all)',
	required: false,
	choices: ['aws', 'azure', 'gcp', 'openstack', 'stackit'],
};

const masterSecretFlag: FlagSpec = {
	name: 'master-secret',
	value: 'FILE',
	description: 'File of the master secret (default: constellation-mastersecret.json)',
	env: 'CONSTELLATION_MASTER_SECRET',
};

const endpointFlag: FlagSpec = {
	name: 'endpoint',
	value: 'HOST[:PORT]',
	description: 'Address of the cluster (default: the one of the workspace)',
	env: 'CONSTELLATION_ENDPOINT',
};

const variantFlag: FlagSpec = {
	name: 'variant',
	value: 'VARIANT',
	description: 'Attestation variant, where the file does not say it: local-vtpm, qemu-vtpm, azure-sev-snp and so on',
	env: 'CONSTELLATION_VARIANT',
};

const providerFlag: FlagSpec = {
	name: 'provider',
	value: 'PROVIDER',
	description: 'Who runs the machines: local, qemu, openstack, stackit, aws, azure or gcp',
	env: 'CONSTELLATION_PROVIDER',
};

const signerKeyFlag: FlagSpec = {
	name: 'key',
	value: 'FILE',
	description: 'Public key (PEM) that may sign measurements, in place of the built-in one',
	env: 'CONSTELLATION_SIGNER_KEY',
};

const iamArgument: ArgumentSpec = {
	name: 'PROVIDER',
	description: 'Cloud of the identities',
	required: true,
	choices: ['aws', 'azure', 'gcp'],
};

const updateConfigFlag: FlagSpec = {
	name: 'update-config',
	description: 'Write the values to the config although it has others',
	env: 'CONSTELLATION_UPDATE_CONFIG',
};

/** Every command, in the order of the help. Commander, the completions and docs/commands.md are made from it. */
export const commandTable: readonly CommandSpec[] = [
	{
		name: 'config generate',
		summary: 'Write a config file with a comment for every key',
		details:
			'For a cloud, what only you know is left empty and named; `config validate` names it again. STACKIT is written as openstack with `cloud: stackit`.',
		argument: {
			name: 'PROVIDER',
			description: 'Where the nodes run',
			required: true,
			choices: ['local', 'aws', 'azure', 'gcp', 'openstack', 'stackit'],
		},
		flags: [...newClusterFlags, ...cloudFlags],
		examples: [
			'constellation config generate local --name demo --workers 2',
			'constellation config generate aws --name demo --region eu-west-1 --zone eu-west-1a --source-ranges 198.51.100.7/32',
		],
	},
	{
		name: 'config validate',
		summary: 'Check the config file; names every problem at once',
		flags: [],
		examples: ['constellation config validate -C demo'],
	},
	{
		name: 'config migrate',
		summary: 'Rewrite a v2 config as v3; keeps comments and the old file',
		details:
			'What moved, what v3 does not know and what is still to be done is named. The old text stays beside it as .backup.v2.',
		flags: [],
		examples: ['constellation config migrate -C old'],
	},
	{
		name: 'config schema',
		summary: 'Print the JSON Schema of the config, for editors',
		flags: [],
		examples: ['constellation config schema > constellation.schema.json'],
	},
	{
		name: 'config instance-types',
		summary: 'List machine types by cloud and attestation variant, with source and date',
		argument: offersArgument,
		flags: [],
		examples: ['constellation config instance-types aws'],
	},
	{
		name: 'config regions',
		summary: 'List regions and zones by cloud, and what they offer, with source and date',
		argument: offersArgument,
		flags: [],
		examples: ['constellation config regions gcp --json'],
	},
	{
		name: 'config kubernetes-versions',
		summary: 'List the Kubernetes versions that this tool installs',
		flags: [],
		examples: ['constellation config kubernetes-versions'],
	},
	{
		name: 'config fetch-measurements',
		summary: 'Pin the signed measurements of the image in the config',
		details:
			'Takes them from a mirror, a file, an imported bundle or the image on this machine, checks signature, version, provider and variant and the transparency log, and shows every register that changes. A change of what the config pins takes a consent of its own. Works for configs of Constellation v2.9 too.',
		flags: [
			{
				name: 'from',
				value: 'URL|FILE|bundle',
				description:
					'Where to look (default: trust.measurements of the config, else the image on this machine or the original server)',
				env: 'CONSTELLATION_MEASUREMENTS_FROM',
			},
			{
				name: 'version',
				value: 'VERSION',
				description: 'Image to fetch for; the config gets it too (default: the one of the config)',
				env: 'CONSTELLATION_MEASUREMENTS_VERSION',
			},
			{
				name: 'transparency',
				value: 'require|warn',
				description: 'Whether the public log has to have them (default: require for the built-in key, warn for your own)',
				env: 'CONSTELLATION_TRANSPARENCY',
			},
			signerKeyFlag,
			{
				name: 'accept-measurements',
				value: 'DIGEST',
				description: 'Agree in advance to exactly the file with this digest (sha256:…); --yes does not',
				env: 'CONSTELLATION_ACCEPT_MEASUREMENTS',
			},
		],
		examples: [
			'constellation config fetch-measurements',
			'constellation config fetch-measurements --from https://mirror.example.org --key cosign.pub',
			'constellation config fetch-measurements --from measurements.json --transparency warn',
		],
	},
	{
		name: 'iam create',
		summary: 'Make the identities that the nodes of a cluster have in a cloud',
		details:
			'Shows the plan, asks, makes them with Terraform in constellation-iam-terraform and writes what the config needs into it, or prints it. After an interruption the same command goes on. Identities that exist already can be named in the config instead.',
		argument: iamArgument,
		flags: [
			{name: 'prefix', value: 'NAME', description: 'Start of the name of every identity', env: 'CONSTELLATION_IAM_PREFIX'},
			{
				name: 'region',
				value: 'REGION',
				description: 'Region, on Azure the location (default: the one of the config)',
				env: 'CONSTELLATION_REGION',
			},
			{
				name: 'project',
				value: 'ID',
				description: 'Google Cloud: project (default: the one of the config)',
				env: 'CONSTELLATION_PROJECT',
			},
			{
				name: 'subscription',
				value: 'ID',
				description: 'Azure: subscription (default: the one of the config)',
				env: 'CONSTELLATION_SUBSCRIPTION',
			},
			updateConfigFlag,
		],
		examples: [
			'constellation iam create aws --prefix demo --region eu-west-1',
			'constellation iam create gcp --prefix demo --project my-project --region europe-west3 --yes',
		],
	},
	{
		name: 'iam upgrade',
		summary: 'Bring identities that this folder has to what this release makes',
		argument: iamArgument,
		flags: [updateConfigFlag],
		examples: ['constellation iam upgrade aws'],
	},
	{
		name: 'iam destroy',
		summary: 'Remove the identities that this folder has; asks for their prefix',
		details: 'Refused while there is a cluster in the folder. On Azure a resource group that holds anything else is not removed.',
		argument: iamArgument,
		flags: [],
		examples: ['constellation iam destroy aws'],
	},
	{
		name: 'apply',
		summary: 'Create the cluster, or bring it to what the config says',
		details:
			'Does what is missing, in order: machines, initialisation, nodes, verification. After an interruption it continues. Without a config it writes one first.',
		flags: [configFlag, ...newClusterFlags],
		examples: [
			'constellation apply -C demo --yes',
			'constellation apply -C demo --config demo.yaml --yes',
			'constellation apply --name demo --workers 1 --yes --json',
		],
	},
	{
		name: 'create',
		summary: 'Create the machines only (first phase of apply)',
		flags: [configFlag, ...newClusterFlags],
		examples: ['constellation create --yes'],
	},
	{
		name: 'init',
		summary: 'Initialise the first node only (second phase of apply)',
		flags: [],
		examples: ['constellation init'],
	},
	{
		name: 'watch',
		summary: 'Show nodes live as they boot, attest and join',
		flags: [{name: 'until-ready', description: 'End when every wanted node is ready', env: 'CONSTELLATION_UNTIL_READY'}],
		examples: ['constellation watch', 'constellation watch --until-ready --json'],
	},
	{
		name: 'status',
		summary: 'Show what exists and how it is',
		flags: [],
		examples: ['constellation status --json'],
	},
	{
		name: 'verify',
		summary: 'Challenge the cluster and check its attestation',
		details:
			'Shows every check: expected, actual, verdict, and where the expected value came from. Works for clusters of this tool and of Constellation v2.9, in their workspace or anywhere with a cluster ID, an endpoint and expected values. Without expected values nothing is checked, and the exit code is 5.',
		flags: [
			{
				name: 'cluster-id',
				value: 'ID',
				description: 'ID the cluster must have, base64 or hex (default: the one of the workspace)',
				env: 'CONSTELLATION_CLUSTER_ID',
			},
			endpointFlag,
			{
				name: 'measurements',
				value: 'FILE|URL',
				description:
					'Expected values: a config, an attestation config, a measurements file, the address of one or of a mirror, or the word bundle (default: the config of the workspace)',
				env: 'CONSTELLATION_MEASUREMENTS',
			},
			variantFlag,
			providerFlag,
			{
				name: 'image',
				value: 'VERSION',
				description: 'Image whose signed measurements are meant (default: what the source or the config says)',
				env: 'CONSTELLATION_IMAGE',
			},
			{
				name: 'accept-unknown-keys',
				description: 'Accept an attestation key that nothing vouches for (QEMU and AWS of v2.9); stays visible as a warning',
				env: 'CONSTELLATION_ACCEPT_UNKNOWN_KEYS',
			},
			{
				name: 'raw',
				value: 'FILE|-',
				description: 'Write the attestation document as it came to a new file, or with - to stdout and nothing else there',
				env: 'CONSTELLATION_RAW',
			},
		],
		examples: [
			'constellation verify',
			'constellation verify --endpoint 127.44.7.1 --cluster-id 8Dt0uVXq0HnB0nGx4rYcJ0m2m3W9cH7y2lLrVY8bWqE= --measurements constellation-conf.yaml',
			'constellation verify --measurements measurements.json --variant qemu-vtpm --accept-unknown-keys --raw document.json',
		],
	},
	{
		name: 'posture',
		summary: 'Say who could still read the data, and what another choice would change',
		details:
			'Answers for the config of the workspace, or for any provider and variant. Every statement has a public source and its date; “in part” and “not known” mean what they say.',
		flags: [providerFlag, variantFlag],
		examples: ['constellation posture', 'constellation posture --provider azure --variant azure-sev-snp --json'],
	},
	{
		name: 'receipt verify',
		summary: 'Check a receipt with nothing but itself',
		details:
			'apply, scale and verify add a signed receipt to constellation-receipts. Its key is inside: that the receipt is unchanged is proved, whose key it is is not. Compare the fingerprint with one you kept, or name it with --key.',
		argument: {name: 'FILE', description: 'Receipt to check', required: true},
		flags: [
			{
				name: 'key',
				value: 'KEY',
				description: 'The one key that may have signed it: SHA256: and hex, or a PEM file (default: the one inside)',
				env: 'CONSTELLATION_RECEIPT_KEY',
			},
		],
		examples: ['constellation receipt verify constellation-receipts/2026-11-22T18-30-00Z-apply.cbor'],
	},
	{
		name: 'receipt show',
		summary: 'Show what a receipt says',
		argument: {name: 'FILE', description: 'Receipt to show', required: true},
		flags: [],
		examples: ['constellation receipt show constellation-receipts/2026-11-22T18-30-00Z-apply.cbor --json'],
	},
	{
		name: 'receipt list',
		summary: 'List the receipts of the workspace, each checked',
		flags: [],
		examples: ['constellation receipt list'],
	},
	{
		name: 'kubeconfig merge',
		summary: 'Add the cluster to your own kubeconfig',
		details:
			'Unites the entries and makes the cluster’s context the current one. On equal names the cluster’s fields win; what would weaken its identity is dropped. Works for clusters of Constellation v2.9 too.',
		flags: [
			{
				name: 'to',
				value: 'FILE',
				description: 'Kubeconfig to add to (default: ~/.kube/config)',
				env: 'CONSTELLATION_KUBECONFIG_TO',
			},
		],
		examples: ['constellation kubeconfig merge', 'constellation kubeconfig merge -C demo --to demo.kubeconfig --yes'],
	},
	{
		name: 'start',
		summary: 'Start a stopped cluster: machines, verification, master secret',
		flags: [masterSecretFlag],
		examples: ['constellation start'],
	},
	{
		name: 'recover',
		summary: 'Send the master secret to nodes that wait for it, after verifying them',
		details:
			'In a workspace of Constellation v2.9 the nodes are verified by what its protocol has, which is less: key-bound only. Keys that nothing vouches for take a consent of their own.',
		flags: [
			masterSecretFlag,
			endpointFlag,
			{
				name: 'accept-unknown-keys',
				description:
					'v2.9 workspaces: send the master secret to nodes whose attestation key nothing vouches for (QEMU, AWS); --yes does not agree to it',
				env: 'CONSTELLATION_RECOVER_UNKNOWN_KEYS',
			},
		],
		examples: ['constellation recover', 'constellation recover -C old --accept-unknown-keys'],
	},
	{
		name: 'stop',
		summary: 'Stop all machines; disks and state are kept',
		flags: [],
		examples: ['constellation stop --yes'],
	},
	{
		name: 'scale',
		summary: 'Change the number of nodes',
		details: 'Writes the numbers to the config. Returns when new nodes are ready and the objects of removed ones are gone.',
		flags: sizeFlags,
		examples: ['constellation scale --workers 3 --yes'],
	},
	{
		name: 'upgrade check',
		summary: 'Show what the cluster can be upgraded to, and what that would do',
		details:
			'Names every possible version, and for each impossible one the rule. Shows the measurements, the plan and who would be interrupted, and checks that no node would be left without a way back. Writes nothing.',
		flags: [
			{
				name: 'image',
				value: 'VERSION',
				description: 'Image to look at (default: the newest possible)',
				env: 'CONSTELLATION_IMAGE',
			},
			{
				name: 'kubernetes',
				short: 'k',
				value: 'VERSION',
				description: 'Kubernetes version to look at (default: the one that runs)',
				env: 'CONSTELLATION_KUBERNETES',
			},
		],
		examples: ['constellation upgrade check', 'constellation upgrade check --image v0.2.0 --json'],
	},
	{
		name: 'upgrade apply',
		summary: 'Move the running cluster to another image, node by node; goes on with an upgrade that is under way',
		details:
			'Every node is replaced by one that proved the new image before the old one goes. The work lies in the cluster: Ctrl-C leaves the view, running the command again attaches.',
		flags: [
			{
				name: 'image',
				value: 'VERSION',
				description: 'Image to move to (default: the newest possible)',
				env: 'CONSTELLATION_IMAGE',
			},
			{
				name: 'kubernetes',
				short: 'k',
				value: 'VERSION',
				description: 'Kubernetes version to move to (default: the one that runs)',
				env: 'CONSTELLATION_KUBERNETES',
			},
			{
				name: 'accept-measurements',
				value: 'DIGEST',
				description: 'Trust exactly these measurements, as upgrade check --json prints them; --yes does not cover them',
				env: 'CONSTELLATION_ACCEPT_MEASUREMENTS',
			},
			{
				name: 'accept-concerns',
				value: 'CODES',
				description: 'Accept what makes the policy weaker, by the codes that upgrade check prints, separated by commas',
				env: 'CONSTELLATION_ACCEPT_CONCERNS',
			},
		],
		examples: [
			'constellation upgrade apply',
			'constellation upgrade apply --image v0.2.0 --accept-measurements sha256:DIGEST --yes --json',
		],
	},
	{
		name: 'upgrade pause',
		summary: 'Finish the replacement that was begun, and begin no other',
		flags: [],
		examples: ['constellation upgrade pause'],
	},
	{
		name: 'upgrade continue',
		summary: 'Go on with an upgrade that is paused, mixed or stopped by a failure',
		flags: [],
		examples: ['constellation upgrade continue'],
	},
	{
		name: 'upgrade abort',
		summary: 'End an upgrade: back to the old image, or mixed',
		details:
			'Before the first new node it returns to the old image without a trace. Later it leaves the cluster mixed, or rolls back by replacing the new nodes; a newer minor version of Kubernetes does not go back.',
		flags: [
			{name: 'stay-mixed', description: 'Leave nodes of both images; both are accepted', env: 'CONSTELLATION_STAY_MIXED'},
			{name: 'roll-back', description: 'Replace the new nodes with old ones', env: 'CONSTELLATION_ROLL_BACK'},
		],
		examples: ['constellation upgrade abort', 'constellation upgrade abort --roll-back --yes'],
	},
	{
		name: 'image list',
		summary: 'List the images on this machine',
		flags: [],
		examples: ['constellation image list'],
	},
	{
		name: 'image make',
		summary: 'Make an image from the node program of this tool',
		flags: [
			{
				name: 'version',
				value: 'VERSION',
				description: 'Version of the image, like v1.2.3',
				env: 'CONSTELLATION_IMAGE_VERSION',
				required: true,
			},
		],
		examples: ['constellation image make --version v0.2.0'],
	},
	{
		name: 'image check',
		summary: 'Compare images with their signed measurements',
		argument: {name: 'VERSION', description: 'Image to check (default: all)', required: false},
		flags: [],
		examples: ['constellation image check v0.1.0'],
	},
	{
		name: 'releases publish',
		summary: 'Write the measurements of the images here as files for a mirror',
		details: 'Paths are those of Constellation v2.9, signatures those of cosign; any web server can serve the folder.',
		argument: {name: 'DIR', description: 'Folder to write to', required: true},
		flags: [],
		examples: ['constellation releases publish public'],
	},
	{
		name: 'releases check',
		summary: 'Check everything that a mirror offers',
		argument: {name: 'DIR|URL', description: 'Folder or address of the mirror', required: true},
		flags: [signerKeyFlag],
		examples: ['constellation releases check public', 'constellation releases check https://mirror.example.org --key cosign.pub'],
	},
	{
		name: 'trust export',
		summary: 'Write what verification needs into one file, for machines without a network',
		details:
			'Measurements with their signatures and log proofs, certificates, revocation lists and statements of the vendors that were fetched here. Nothing is trusted because it is in the file: an import checks every part.',
		argument: {name: 'FILE', description: 'New file', required: true},
		flags: [signerKeyFlag],
		examples: ['constellation trust export trust.cbor'],
	},
	{
		name: 'trust import',
		summary: 'Check every part of a trust bundle and keep it',
		argument: {name: 'FILE', description: 'File that trust export wrote', required: true},
		flags: [signerKeyFlag],
		examples: ['constellation trust import trust.cbor'],
	},
	{
		name: 'trust show',
		summary: 'Show what is kept for verification, and what ends when',
		argument: {name: 'FILE', description: 'Trust bundle to look into (default: what is kept here)', required: false},
		flags: [signerKeyFlag],
		examples: ['constellation trust show', 'constellation trust show trust.cbor --json'],
	},
	{
		name: 'terminate',
		summary: 'Remove the cluster; keeps the config and the master secret',
		flags: [],
		examples: ['constellation terminate -C demo', 'constellation terminate -C demo --yes'],
	},
	{
		name: 'doctor',
		summary: 'Check what a cluster needs; on request collect facts for a bug report',
		flags: [
			{name: 'bundle', value: 'FILE', description: 'Write facts without secrets to a new file', env: 'CONSTELLATION_BUNDLE'},
			{
				name: 'install-opentofu',
				description: 'Download the pinned OpenTofu, its checksum verified, where neither Terraform nor OpenTofu is found',
				env: 'CONSTELLATION_INSTALL_OPENTOFU',
			},
		],
		examples: ['constellation doctor', 'constellation doctor --bundle report.json'],
	},
	{
		name: 'version',
		summary: 'Print the version',
		flags: [],
		examples: ['constellation version --json'],
	},
	{
		name: 'completion',
		summary: 'Print a completion script for a shell',
		argument: {name: 'SHELL', description: 'The shell', required: true, choices: ['bash', 'zsh', 'fish', 'powershell']},
		flags: [],
		examples: ['source <(constellation completion bash)'],
	},
];

/** What the command line of a group is about. */
export const groupSummaries: Readonly<Record<string, string>> = {
	config: 'Write and check the config file',
	iam: 'Make and remove the identities that nodes have in a cloud',
	kubeconfig: 'Use the cluster with kubectl',
	image: 'Make, list and check node images',
	releases: 'Publish measurements for others, and check what others publish',
	trust: 'Carry what verification needs to machines without a network',
	upgrade: 'Move the cluster to a new image and Kubernetes version',
	receipt: 'Check, show and list receipts of what was checked',
};
