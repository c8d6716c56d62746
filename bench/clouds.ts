// What the tool adds to an apply of a cloud: the same module, simulated cloud and Terraform, in turns once alone and once through the
// driver; and how long the preview of a plan takes after Terraform's last line.
import {cp, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import type {Event, PlannedChange} from '../src/events.ts';
import {findTerraform} from '../src/infrastructure/binary.ts';
import {moduleFolder} from '../src/infrastructure/module-folder.ts';
import {terraform} from '../src/infrastructure/terraform.ts';
import {awsPlanWords} from '../src/providers/aws/describe.ts';
import {describeChange, planPreview} from '../src/providers/plan-words.ts';
import {installProviders} from '../test/helpers/terraform-provider/install.ts';
import {report} from './measure.ts';

const rounds = 3;
/** How long the simulated cloud takes for its load balancer, in milliseconds; real ones take minutes. */
const cloudMs = 5000;
const group = (role: string, count: number) => ({
	role,
	count,
	image: 'ami-0123456789abcdef0',
	instance_type: 'm6a.xlarge',
	zone: 'eu-west-1a',
	disk_size: 30,
	disk_type: 'gp3',
});
const variables = {
	name: 'demo',
	uid: '0a1b2c3d',
	node_groups: {control_plane_default: group('control-plane', 3), worker_default: group('worker', 2)},
	init_secret_hash: `$2a$10$${'a'.repeat(53)}`,
	source_ranges: ['203.0.113.0/24'],
	cloud: {region: 'eu-west-1', zone: 'eu-west-1a', iam_profile_control_plane: 'a', iam_profile_worker: 'b', sev_snp: true},
};

const home = await mkdtemp(join(tmpdir(), 'bench-'));
try {
	const clouds = await installProviders(home, ['aws']);
	const env = {...process.env, TF_CLI_CONFIG_FILE: clouds.configFile};
	const binary = await findTerraform({env, dataHome: home});
	let changes: readonly PlannedChange[] = [];

	const drain = async <R>(flow: AsyncGenerator<Event, R, void>): Promise<R> => {
		for (;;) {
			const {value, done} = await flow.next();
			if (done === true) return value;
		}
	};
	/** An empty cloud, and a planned folder; gives the milliseconds of what `apply` does there. */
	const timed = async (name: string, apply: (folder: string) => Promise<() => Promise<unknown>>): Promise<number> => {
		clouds.change('aws', file => {
			file.objects = {};
			// The balancer takes its time, fails, and is not missed: both runs meet the same wait and the same error.
			file.faults = [{type: 'aws_lb', action: 'create', message: 'slow', delayMs: cloudMs, times: 1}];
		});
		const folder = join(home, name);
		await cp(moduleFolder('aws'), folder, {recursive: true});
		await writeFile(join(folder, 'terraform.tfvars.json'), JSON.stringify(variables));
		const run = await apply(folder);
		const start = performance.now();
		await run().catch(() => undefined /* The load balancer, in both. */);
		return performance.now() - start;
	};
	const bare = (name: string) =>
		timed(name, async cwd => {
			await execa(binary.path, ['init', '-input=false'], {cwd, env});
			await execa(binary.path, ['plan', '-input=false', '-out=plan.bin'], {cwd, env});
			return () => execa(binary.path, ['apply', '-json', '-input=false', 'plan.bin'], {cwd, env});
		});
	const ours = (name: string) =>
		timed(name, async folder => {
			const driver = terraform({binary, folder, env, describe: change => describeChange(awsPlanWords, change)});
			const plan = await drain(driver.plan());
			({changes} = plan);
			return () => drain(driver.apply(plan));
		});

	const times: {bare: number; ours: number}[] = [];
	for (let round = 0; round < rounds; round++)
		times.push({bare: await bare(`a${String(round)}`), ours: await ours(`b${String(round)}`)});
	const best = (key: 'bare' | 'ours') => Math.min(...times.map(time => time[key])) / 1000;
	report(`apply of ${String(changes.length)} resources`, best('ours'), 'terraform apply alone', best('bare'), '<= 1.02');

	const start = performance.now();
	planPreview(awsPlanWords, {groups: [], sourceRanges: [], notes: []}, changes);
	console.log(`preview of the plan: ${(performance.now() - start).toFixed(2)} ms (target <= 100 ms)`);
} finally {
	await rm(home, {recursive: true, force: true});
}
