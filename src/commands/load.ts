import type {CommandModule} from './types.ts';

/** Where the work of each command of the table is; nothing is read before it is asked for. */
const modules: Readonly<Record<string, () => Promise<CommandModule>>> = {
	'config generate': () => import('./config.ts').then(({generate}) => generate),
	'config migrate': () => import('./config.ts').then(({migrate}) => migrate),
	'config schema': () => import('./config.ts').then(({schema}) => schema),
	'config instance-types': () => import('./config-offers.ts').then(({instanceTypes}) => instanceTypes),
	'config regions': () => import('./config-offers.ts').then(({regions}) => regions),
	'config kubernetes-versions': () => import('./config-offers.ts').then(({kubernetes}) => kubernetes),
	'config validate': () => import('./config.ts').then(({validate}) => validate),
	'config fetch-measurements': () =>
		import('./fetch-measurements.ts').then(({fetchMeasurementsCommand}) => fetchMeasurementsCommand),
	'iam create': () => import('./iam.ts').then(({create}) => create),
	'iam upgrade': () => import('./iam.ts').then(({upgrade}) => upgrade),
	'iam destroy': () => import('./iam.ts').then(({destroy}) => destroy),
	apply: () => import('./apply.ts').then(({apply}) => apply),
	create: () => import('./apply.ts').then(({create}) => create),
	init: () => import('./apply.ts').then(({init}) => init),
	watch: () => import('./watch.ts').then(({watch}) => watch),
	status: () => import('./status.ts').then(({status}) => status),
	verify: () => import('./verify.ts').then(({verify}) => verify),
	posture: () => import('./posture.ts').then(({posture}) => posture),
	'receipt verify': () => import('./receipt.ts').then(({verify}) => verify),
	'receipt show': () => import('./receipt.ts').then(({show}) => show),
	'receipt list': () => import('./receipt.ts').then(({list}) => list),
	'kubeconfig merge': () => import('./kubeconfig.ts').then(({merge}) => merge),
	start: () => import('./lifecycle.ts').then(({start}) => start),
	recover: () => import('./lifecycle.ts').then(({recover}) => recover),
	stop: () => import('./lifecycle.ts').then(({stop}) => stop),
	scale: () => import('./scale.ts').then(({scale}) => scale),
	'upgrade check': () => import('./upgrade-check.ts').then(({check}) => check),
	'upgrade apply': () => import('./upgrade-apply.ts').then(({apply}) => apply),
	'upgrade pause': () => import('./upgrade-steer.ts').then(({pause}) => pause),
	'upgrade continue': () => import('./upgrade-steer.ts').then(({resume}) => resume),
	'upgrade abort': () => import('./upgrade-steer.ts').then(({abort}) => abort),
	'image list': () => import('./image.ts').then(({list}) => list),
	'image make': () => import('./image.ts').then(({make}) => make),
	'image check': () => import('./image.ts').then(({check}) => check),
	'releases publish': () => import('./releases.ts').then(({publish}) => publish),
	'releases check': () => import('./releases.ts').then(({check}) => check),
	'trust export': () => import('./trust.ts').then(({exportBundle}) => exportBundle),
	'trust import': () => import('./trust.ts').then(({importBundle}) => importBundle),
	'trust show': () => import('./trust.ts').then(({showBundle}) => showBundle),
	terminate: () => import('./terminate.ts').then(({terminate}) => terminate),
	doctor: () => import('./doctor.ts').then(({doctor}) => doctor),
	version: () => import('./version.ts').then(({version}) => version),
	completion: () => import('./completion.ts').then(({completion}) => completion),
};

/** The command of this name, as the table has it. */
export async function loadCommand(name: string): Promise<CommandModule> {
	const load = modules[name];
	if (load === undefined) throw new TypeError(`nothing does the work of the command ${name}`);
	return load();
}
