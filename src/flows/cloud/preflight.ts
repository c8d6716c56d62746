import {configWarnings} from '../../config/load.ts';
import type {CloudConfig} from '../../config/schema.ts';
import {AppError, exitCodes, type Problem} from '../../errors.ts';
import type {Event, Flow} from '../../events.ts';
import {findTerraform} from '../../infrastructure/binary.ts';
import {type Cloud, cloudOf} from '../../providers/clouds.ts';
import {dataHome as dataHomeOf} from '../../releases/data-home.ts';
import {credentialsFor} from './credentials.ts';
import type {CloudDependencies} from './dependencies.ts';
import {ownImage} from './image.ts';

type Deps = Pick<CloudDependencies, 'env' | 'now' | 'checks'>;

/**
 * What can fail before anything is made in a cloud: all checks run, each is an event. What a cloud does not answer is a warning: it was
 * not checked. What is too little of a quota is a warning too where something `exists`: the cluster itself uses it up. Throws AppError
 * `preflight` (exit 3) with every failed check as a problem; `cloud-credentials` where that is all.
 */
export async function* cloudPreflight(deps: Deps, config: CloudConfig, exists: boolean, signal: AbortSignal): Flow<void> {
	const {env, now} = deps;
	const cloud = cloudOf(config);
	const problems: Problem[] = [];
	const say = (
		id: string,
		title: string,
		state: 'running' | 'ok' | 'warning' | 'failed',
		detail?: string,
		fix?: string,
	): Event => {
		if (state === 'failed') problems.push({path: id, message: detail ?? title, ...(fix === undefined ? {} : {fix})});
		const words = {...(detail === undefined ? {} : {detail}), ...(fix === undefined ? {} : {fix})};
		return {type: 'check', id, title, state, at: now(), ...words};
	};
	for (const message of configWarnings(config)) yield {type: 'warning', code: 'config', message, at: now()};

	yield await terraformCheck(env).then(
		detail => say('terraform', 'Terraform or OpenTofu', 'ok', detail),
		(error: unknown) => {
			if (!(error instanceof AppError)) throw error;
			return say('terraform', 'Terraform or OpenTofu', 'failed', error.message, error.next.join(' '));
		},
	);
	for (const {id, title, message, fix} of configProblems(config, cloud)) yield say(id, title, 'failed', message, fix);

	const found = credentialsFor(cloud, env);
	const title = `${cloud.title} credentials`;
	if (found === undefined) yield say('credentials', title, 'failed', 'none were found', cloud.signIn);
	else {
		yield say('credentials', title, 'ok', `from ${found}`);
		yield* asked(deps, config, exists, say, signal);
	}
	if (problems.length > 0) throw failed(problems, cloud);
}

type Say = (id: string, title: string, state: 'running' | 'ok' | 'warning' | 'failed', detail?: string, fix?: string) => Event;

/** Asks the cloud, one check after the other. The first that gets no answer at all, or is not let in, ends it: the others would tell the same. */
async function* asked({checks}: Deps, config: CloudConfig, exists: boolean, say: Say, signal: AbortSignal): Flow<void> {
	const list = await checks(config);
	let over = false;
	for (const {id, title, run} of list) {
		if (over) {
			yield say(id, title, 'warning', 'not checked');
			continue;
		}
		yield say(id, title, 'running');
		const {ok, code, detail, fix} = await orAborted(run(), signal);
		const isSilent = code === 'cloud-unreachable';
		over = isSilent || code === 'cloud-credentials';
		if (isSilent) yield say(id, title, 'warning', `not checked: ${detail}`);
		else if (!ok && exists && /quota$/u.test(id))
			yield say(id, title, 'warning', `${detail} What is there already counts twice.`);
		else yield say(id, title, ok ? 'ok' : 'failed', detail, ok ? undefined : fix);
	}
}

/** Asking changes nothing in a cloud: who does not want to know any more need not wait for the answer. */
const orAborted = <T>(asking: Promise<T>, signal: AbortSignal): Promise<T> =>
	new Promise((resolve, reject) => {
		const abort = () => {
			reject(signal.reason as Error);
		};
		signal.addEventListener('abort', abort, {once: true});
		if (signal.aborted) abort();
		asking
			.finally(() => {
				signal.removeEventListener('abort', abort);
			})
			.then(resolve, reject);
	});

const terraformCheck = async (env: NodeJS.ProcessEnv): Promise<string> => {
	const {product, version, path} = await findTerraform({env, dataHome: dataHomeOf(env)});
	return `${product} ${version}, ${path}`;
};

/** What a valid config can lack all the same. */
function configProblems(config: CloudConfig, cloud: Cloud): {id: string; title: string; message: string; fix: string}[] {
	const {provider} = config;
	const withoutAccount = 'gcp' in provider && !provider.gcp.serviceAccount;
	const withoutImage = ownImage(config) === '' && !cloud.worksWithoutImage;
	return [
		...(withoutAccount
			? [
					{
						id: 'identity-of-nodes',
						title: 'Identity of the nodes',
						message: 'provider.gcp.serviceAccount is missing',
						fix: 'Run `constellation iam create gcp`, or name an account that exists.',
					},
				]
			: []),
		...(withoutImage
			? [
					{
						id: 'image',
						title: 'Node image',
						message: `the load balancer of ${cloud.title} is not made without machines, and the config names no image by its id`,
						fix: 'Write the id of an image that you uploaded.',
					},
				]
			: []),
	];
}

function failed(problems: readonly Problem[], cloud: Cloud): AppError {
	const [first] = problems;
	const only = problems.length === 1 && first?.path === 'credentials';
	const message = only
		? `There are no credentials for ${cloud.title} here.`
		: `${problems.length === 1 ? 'One check' : `${problems.length} checks`} failed; nothing was created.`;
	return new AppError(message, {
		code: only ? 'cloud-credentials' : 'preflight',
		exitCode: exitCodes.preflight,
		problems: only ? problems.map(({path, message}) => ({path, message})) : problems,
		next: only ? [cloud.signIn] : ['Do what the checks say, then run the same command again.'],
		details: {provider: cloud.id},
	});
}
