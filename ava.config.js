/** Files that take longest, the longest first: begun early, they end beside the others instead of after them. */
const long = [
	'e2e/upgrade',
	'e2e/local',
	'flows/cloud/clouds',
	'e2e/cloud-wizard',
	'e2e/cloud',
	'flows/cloud/aws',
	'e2e/pack',
	'e2e/kills',
	'e2e/secrets',
	'e2e/undrained',
	'e2e/tampered',
	'flows/iam',
	'output/terminal',
	'attestation/fuzz',
	'commands/commands',
];

const place = file => {
	const index = long.findIndex(name => file.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`));
	return index === -1 ? long.length : index;
};

export default {
	extensions: ['ts', 'tsx'],
	files: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
	nodeArguments: ['--import=./scripts/tsx.mjs', '--disable-warning=ExperimentalWarning'],
	require: ['./test/helpers/ends.ts'],
	workerThreads: false,
	// Many tests wait, for processes or for time: one more than the processors of a small machine keeps those busy.
	concurrency: 3,
	timeout: '5m',
	sortTestFiles: (a, b) => place(a) - place(b) || a.localeCompare(b),
};
