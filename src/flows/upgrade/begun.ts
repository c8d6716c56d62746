import {maxPlanSize, type PlanFile, parsePlan} from '../../upgrade/plan-file.ts';
import {readPlan, upgradeFolder} from '../../workspace/upgrade-folder.ts';
import type {Dependencies} from '../dependencies.ts';

/** Id of the upgrade that this workspace began and did not bring to its end; the cluster need not know of it yet. */
export function begunHere({journal}: Pick<Dependencies, 'journal'>): string | undefined {
	const last = journal.last('upgrade');
	return last?.state === 'intent' ? last.resource : undefined;
}

/** The plan of an upgrade; undefined where it was begun in another workspace. */
export async function storedPlan({workspace}: Pick<Dependencies, 'workspace'>, id: string): Promise<PlanFile | undefined> {
	const text = await readPlan(upgradeFolder(workspace, id), maxPlanSize);
	return text === undefined ? undefined : parsePlan(text);
}
