import type {ConfigAnswers} from '../config/generate.ts';
import type {CloudAnswers} from '../config/generate-cloud.ts';
import type {TrustSettings} from '../config/trust.ts';
import {type Cloud, clouds} from '../providers/clouds.ts';
import {readText, remove, writeFileSafely} from '../workspace/files.ts';
import {readIds} from '../workspace/id-file.ts';
import {contentsOf} from './cloud/terraform.ts';
import {configExists, settleConfig} from './config-file.ts';
import {cloudConfigText} from './config-tools.ts';
import type {Dependencies} from './dependencies.ts';

/** Writes the config of a setup, again whenever an answer has changed. */
export type SetupConfig = {
	local: (answers: ConfigAnswers, trust?: TrustSettings) => Promise<void>;
	cloud: (cloud: Cloud['id'], answers: CloudAnswers) => Promise<void>;
};

/**
 * The config of one setup. What it wrote before it may write anew, also for another provider; what a person wrote or changed stays.
 * `existing`: the config was there before. Throws AppError `config-exists`, `invalid-config`.
 */
export function setupConfig(deps: Pick<Dependencies, 'workspace' | 'provider'>, existing: boolean): SetupConfig {
	const {workspace} = deps;
	const file = workspace.path('config');
	let written: {text: string; provider: string; answers: string} | undefined;
	let named: TrustSettings = {};

	const write = async (provider: string, recorded: string, answers: object, change: () => Promise<void>) => {
		const key = JSON.stringify(answers);
		if (written?.provider === provider && written.answers === key) return;
		const found = await readText(file);
		if (!existing && found !== undefined && isForeign(found, provider)) throw configExists(file);
		if (!existing && written?.provider !== provider) {
			await remove(file);
			await forgetPlan(deps, recorded);
		}
		await change();
		written = {text: (await readText(file)) ?? '', provider, answers: key};
	};

	// The values that a local plan pins are ours too; a config for a cloud changes by hand only.
	const isForeign = (found: string, provider: string) =>
		written === undefined || (provider !== 'local' && written.provider === provider && written.text !== found);

	return {
		local: (answers, trust = {}) =>
			write('local', 'Local', {...answers, trust}, async () => {
				await settleConfig(workspace, answers, undefined, {...takenBack(named), ...trust});
				named = trust;
			}),
		cloud: (cloud, answers) =>
			write(cloud, clouds[cloud].recorded, answers, async () => {
				// A config that was there may say more than can be asked.
				if (!existing) await writeFileSafely(file, cloudConfigText(cloud, answers));
			}),
	};
}

// What was named before and is not any more goes; what a person wrote about trust stays.
const takenBack = (trust: TrustSettings): TrustSettings => Object.fromEntries(Object.keys(trust).map(key => [key, undefined]));

/** A plan for another provider left an identity and variables; where nothing was made of it they go. */
async function forgetPlan({workspace, provider}: Pick<Dependencies, 'workspace' | 'provider'>, recorded: string): Promise<void> {
	const ids = await readIds(workspace);
	if (ids === undefined || ids.cloudProvider === recorded || ids.ip !== '') return;
	if (((await contentsOf(workspace.path('terraform')))?.total ?? 0) > 0) return;
	if (ids.cloudProvider === 'Local')
		for await (const _ of provider.removeLeftovers(ids.uid)) {
			// Its events are about a cluster that never was.
		}
	for (const name of ['terraform', 'id'] as const) await remove(workspace.path(name));
}
