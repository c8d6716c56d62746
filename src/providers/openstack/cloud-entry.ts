import {parse} from 'yaml';
import {z} from 'zod';
import {noCredentials} from '../refusals.ts';
import {type CloudEntry, cloudEntrySchema, openstackWords} from './sign-in.ts';

const fileSchema = z.object({clouds: z.record(z.string(), z.unknown())});
const largestFile = 1024 * 1024;

/**
 * What to sign in with: the entry of the first clouds.yaml that there is (OS_CLIENT_CONFIG_FILE, the folder, the user's, the machine's, as
 * openstacksdk looks), with what a secure.yaml beside it adds; without a name the OS_* variables. `read` gives undefined for no file.
 */
export const cloudEntry = async (
	name: string,
	env: NodeJS.ProcessEnv,
	folders: readonly string[],
	read: (path: string, limit: number) => Promise<string | undefined>,
): Promise<CloudEntry> => {
	if (name === '')
		return entryOf({region_name: env['OS_REGION_NAME'], cacert: env['OS_CACERT'], auth: variables(env)}, 'the OS_* variables');
	const named = env['OS_CLIENT_CONFIG_FILE'];
	for (const path of [...(named === undefined ? [] : [named]), ...folders.map(folder => `${folder}/clouds.yaml`)]) {
		const entry = cloudsIn(await read(path, largestFile), path)?.[name];
		if (entry === undefined) continue;
		const secure = path.replace(/[^/]*$/u, 'secure.yaml');
		return entryOf(merged(entry, cloudsIn(await read(secure, largestFile), secure)?.[name]), path);
	}
	throw noCredentials(openstackWords, `no clouds.yaml has an entry ${name}`);
};

/** Errors of YAML quote the line, which may hold a password. */
const cloudsIn = (text: string | undefined, path: string): Record<string, unknown> | undefined => {
	if (text === undefined) return undefined;
	try {
		return fileSchema.parse(parse(text)).clouds;
	} catch {
		throw noCredentials(openstackWords, `${path} is not what a clouds.yaml looks like`);
	}
};

const entryOf = (value: unknown, from: string): CloudEntry => {
	const {data} = cloudEntrySchema.safeParse(value);
	if (data === undefined) throw noCredentials(openstackWords, `${from} lack what is needed to sign in, such as auth_url`);
	return data;
};

const variables = (env: NodeJS.ProcessEnv) =>
	Object.fromEntries(Object.keys(cloudEntrySchema.shape.auth.shape).map(key => [key, env[`OS_${key.toUpperCase()}`]]));

const merged = (entry: unknown, secure: unknown): unknown =>
	isRecord(entry) && isRecord(secure)
		? {...entry, ...Object.fromEntries(Object.entries(secure).map(([key, value]) => [key, merged(entry[key], value)]))}
		: (secure ?? entry);

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
