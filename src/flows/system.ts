import {randomBytes} from 'node:crypto';
import {existsSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {compare, hash} from 'bcryptjs';
import {AppError, exitCodes} from '../errors.ts';
import type {EventOf, Flow} from '../events.ts';
import {findTerraform} from '../infrastructure/binary.ts';
import {moduleFolder} from '../infrastructure/module-folder.ts';
import {renderFolder} from '../infrastructure/render.ts';
import {terraform} from '../infrastructure/terraform.ts';
import {kubeClient} from '../kubernetes/client.ts';
import {parseKubeconfig} from '../kubernetes/kubeconfig.ts';
import {localPreflight, type PreflightOptions} from '../providers/local/preflight.ts';
import {dataHome as dataHomeOf} from '../releases/data-home.ts';
import {checkImage, localPolicy} from '../releases/image.ts';
import {ensureImage, type ImageSources} from '../releases/make-image.ts';
import {version as toolVersion} from '../version.ts';
import {workspaceAt} from '../workspace/files.ts';
import {openJournal} from '../workspace/journal.ts';
import type {Dependencies} from './dependencies.ts';
import {localProvider} from './local-provider.ts';
import {phase} from './phase.ts';
import {trustWorld} from './trust-world.ts';
import {vouchFor} from './vouched.ts';

export type SystemOptions = {folder: string; env: NodeJS.ProcessEnv};

/** bcrypt's work factor: the secret is random, so this only has to be what the nodes can check quickly. */
const bcryptRounds = 8;

/** Where the bundles of the node program lie: beside the running bundle, or in dist/ of a checkout. */
export function imageSources(): ImageSources {
	for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
		for (const candidate of [folder, path.join(folder, 'dist')]) {
			const [bundle, launcher] = [path.join(candidate, 'node.mjs'), path.join(candidate, 'machine.mjs')];
			if (existsSync(bundle) && existsSync(launcher)) return {bundle, launcher, runtime: process.execPath};
		}
		if (path.dirname(folder) === folder) break;
	}
	throw new AppError('The node program is missing from this installation.', {
		code: 'installation-incomplete',
		exitCode: exitCodes.preflight,
		next: ['Install constellation again; in a checkout run `npm run build`.'],
	});
}

/** The image of this version, its files compared with what was signed. The tool's own image is made when there is none. */
async function intactImage(version: string, dataHome: string) {
	if (version === `v${toolVersion}`) await ensureImage({version, from: imageSources(), dataHome});
	const {image, checks} = await checkImage({version, dataHome});
	const broken = checks.filter(({ok}) => !ok);
	if (broken.length === 0) return image;
	throw new AppError(
		`Image ${version} is not what was signed: ${broken.map(({what}) => what).join(', ')} changed. Its nodes would be refused.`,
		{
			code: 'image-changed',
			exitCode: exitCodes.refused,
			problems: broken.map(({what, expected, actual}) => ({path: what, message: `register value ${actual}, signed ${expected}`})),
			next: [`Remove ${image.folder} and run the command again: the image is made anew from the tool.`],
		},
	);
}

type Preflight = SystemOptions & {mayDownload?: PreflightOptions['mayDownload']; signal?: AbortSignal};

/** What can fail before anything is created in a folder, as a flow of its own. */
export async function* preflightWith({folder, env, mayDownload, signal}: Preflight): Flow<void> {
	const dataHome = dataHomeOf(env);
	const options = {...(mayDownload === undefined ? {} : {mayDownload}), ...(signal === undefined ? {} : {signal})};
	yield* phase('preflight', Date.now, localPreflight({dataHome, workspace: path.resolve(folder), env, ...options}));
}

/** The checks alone, for a front end that goes on after a failed one. */
export async function* localChecks(workspace: string, env: NodeJS.ProcessEnv): AsyncGenerator<EventOf<'check'>> {
	const dataHome = dataHomeOf(env);
	try {
		for await (const event of localPreflight({dataHome, workspace, env})) if (event.type === 'check') yield event;
	} catch (error) {
		// Each failed check was an event of its own.
		if (!(error instanceof AppError && error.code === 'preflight')) throw error;
	}
}

/** The real world for flows. */
export async function systemDependencies({folder, env}: SystemOptions): Promise<Dependencies> {
	if (process.platform === 'win32') throw windows();
	const workspace = workspaceAt(folder);
	const dataHome = dataHomeOf(env);
	const provider = localProvider(dataHome, workspace.folder, env);
	return {
		workspace,
		journal: await openJournal(workspace, Date.now),
		provider,
		now: Date.now,
		pause: async (milliseconds, signal) => {
			await delay(milliseconds, undefined, {signal});
		},
		random: bytes => randomBytes(bytes),
		hashSecret: secret => hash(Buffer.from(secret).toString('utf8'), bcryptRounds),
		secretMatches: (secret, known) => compare(Buffer.from(secret).toString('utf8'), known),
		async terraform(signal, variables) {
			const target = workspace.path('terraform');
			const binary = await findTerraform({env, dataHome});
			if (variables !== undefined) await renderFolder(target, moduleFolder('local'), variables);
			return terraform({binary, folder: target, env, signal, describe: change => provider.describe(change)});
		},
		image: version => intactImage(version, dataHome),
		vouch: (image, trust) => vouchFor(image, {workspace, trust}, trustWorld(env)),
		policyOf: (image, makerKey) => localPolicy(image, makerKey, image.releaseKey),
		kube: kubeconfig => kubeClient(parseKubeconfig(kubeconfig)),
	};
}

function windows(): AppError {
	return new AppError('Local clusters do not run on native Windows.', {
		code: 'platform',
		exitCode: exitCodes.preflight,
		next: ['Install WSL2 and run constellation inside it.'],
	});
}
