import {generateKeyPair} from 'node:crypto';
import {existsSync} from 'node:fs';
import {promisify} from 'node:util';
import {parseConfig} from '../config/load.ts';
import {type CloudConfig, isLocal} from '../config/schema.ts';
import {cloudOf, previewGroups} from '../providers/clouds.ts';
import {withCloudsFile} from '../providers/openstack/environment.ts';
import {planPreview} from '../providers/plan-words.ts';
import {readText, type Workspace} from '../workspace/files.ts';
import {connectCloud} from './cloud/connect.ts';
import type {CloudDependencies} from './cloud/dependencies.ts';
import {ownImage} from './cloud/image.ts';
import {openTerraform, type TerraformPlace} from './cloud/terraform.ts';
import type {Dependencies} from './dependencies.ts';

/** The real clouds for flows. `base`: what local clusters need of the world too. */
export function cloudDependencies(
	base: Pick<Dependencies, 'workspace' | 'journal' | 'now' | 'random' | 'hashSecret' | 'secretMatches'>,
	surroundings: NodeJS.ProcessEnv,
): CloudDependencies {
	const {workspace, journal, now, random, hashSecret, secretMatches} = base;
	const env = withCloudsFile(surroundings, workspace.folder, existsSync);
	return {
		workspace,
		journal,
		env,
		now,
		random,
		hashSecret,
		secretMatches,
		sshKey: throwawayKey,
		terraform: (config, signal, variables) => openTerraform(env, placeOf(workspace, config), signal, variables),
		checks: async config => (await connectCloud(config, {env, folder: workspace.folder})).checks(),
	};
}

/** Where Terraform of a cluster works, and how its plans are told. */
function placeOf(workspace: Workspace, config: CloudConfig): TerraformPlace {
	const {id, environment, words} = cloudOf(config);
	const withImage = ownImage(config) !== '';
	const notes = withImage ? [] : [{title: 'Machines', lines: ['none yet: the config names no image']}];
	const facts = {groups: previewGroups(config), sourceRanges: config.sourceRanges, notes};
	return {
		folder: workspace.path('terraform'),
		module: id,
		environment,
		words,
		preview: changes => planPreview(words, facts, changes),
	};
}

/** Whether a config is for a cloud; a config that is missing or wrong is not, so that the error about it comes from where it always does. */
export async function isForCloud(workspace: Workspace, file?: string): Promise<boolean> {
	const text = await readText(file ?? workspace.path('config')).catch(() => undefined);
	if (text === undefined || !/^provider:/mu.test(text)) return false;
	try {
		return !isLocal(parseConfig(text));
	} catch {
		return false;
	}
}

const generate = promisify(generateKeyPair);

/** Public half of a new RSA key in the format of OpenSSH (RFC 4253 section 6.6); the private half is never kept. */
async function throwawayKey(): Promise<string> {
	const {publicKey} = await generate('rsa', {modulusLength: 3072});
	const {n = '', e = ''} = publicKey.export({format: 'jwk'});
	const field = (bytes: Buffer) => {
		// Numbers are signed there: one that begins with a set bit gets a zero before it.
		const positive = (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
		const length = Buffer.alloc(4);
		length.writeUInt32BE(positive.length);
		return Buffer.concat([length, positive]);
	};
	const parts = [Buffer.from('ssh-rsa'), Buffer.from(e, 'base64url'), Buffer.from(n, 'base64url')];
	return `ssh-rsa ${Buffer.concat(parts.map(field)).toString('base64')}`;
}
