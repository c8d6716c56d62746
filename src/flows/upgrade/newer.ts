import {AppError} from '../../errors.ts';
import {diffPolicies} from '../../upgrade/measurement-diff.ts';
import {judgeImage, newestFirst} from '../../upgrade/versions.ts';
import {version as toolVersion} from '../../version.ts';
import {pinnedPolicy, readConfig} from '../cluster.ts';
import type {UpgradeDependencies} from './dependencies.ts';

/**
 * The newest image on this machine that a cluster of `running` can be upgraded to, and how many registers differ; undefined where there
 * is none, or where its files are not what was signed. Asks nobody but this machine.
 */
export async function newerImage(
	deps: UpgradeDependencies,
	running: string,
): Promise<{version: string; registersDiffer: number} | undefined> {
	const possible = (await deps.candidates()).filter(candidate => judgeImage(candidate, running, toolVersion).possible);
	const newest = possible.map(({version}) => version).sort(newestFirst)[0];
	const pinned = pinnedPolicy((await readConfig(deps.workspace)).config);
	if (newest === undefined || pinned.variant !== 'local-vtpm') return undefined;
	try {
		const image = await deps.intactImage(newest);
		const {rows} = diffPolicies(pinned, deps.policyOf(image, pinned.makerKey), {source: '', signer: ''});
		return {version: newest, registersDiffer: rows.filter(({what, change}) => /^\d+$/.test(what) && change !== 'same').length};
	} catch (error) {
		// What is damaged is not offered; upgrade check says why.
		if (error instanceof AppError) return undefined;
		throw error;
	}
}
