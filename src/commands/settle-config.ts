import {type ConfigAnswers, generateConfig} from '../config/generate.ts';
import {editConfig, parseConfig} from '../config/load.ts';
import {readText, type Workspace, writeFileOnce, writeFileSafely} from '../workspace/files.ts';

/** Makes the config say what was answered: written where there is none, else changed with its comments kept. Checked before it is written. */
export async function settleConfig(workspace: Workspace, answers: Partial<ConfigAnswers>): Promise<void> {
	const file = workspace.path('config');
	const text = await readText(file);
	if (text === undefined) {
		const made = generateConfig(answers);
		parseConfig(made);
		await writeFileOnce(file, made);
		return;
	}
	const changes = changesOf(answers);
	if (changes.length === 0) return;
	const edited = editConfig(text, changes);
	parseConfig(edited);
	if (edited !== text) await writeFileSafely(file, edited);
}

function changesOf({controlPlanes, workers, ...others}: Partial<ConfigAnswers>) {
	const counts = {control_plane_default: controlPlanes, worker_default: workers};
	return [
		...Object.entries(others).map(([key, value]) => ({path: [key], value})),
		...Object.entries(counts)
			.filter(([, count]) => count !== undefined)
			.map(([group, value]) => ({path: ['nodeGroups', group, 'count'], value})),
	];
}
