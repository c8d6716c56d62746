import type {PlannedChange, PlanPart} from '../events.ts';
import {previewLines} from '../output/plain-lines.ts';
import type {CommandContext} from './types.ts';

/**
 * What a plan means, before the question about it: on a full screen it would be gone with the screen. Plain lines and JSON have it in the
 * plan event already.
 */
export function showPreview(
	{output, surroundings, yes}: CommandContext,
	{preview = []}: {preview?: readonly PlanPart[]; changes: readonly PlannedChange[]},
): void {
	if (output.kind !== 'ink' || yes) return;
	for (const line of previewLines(preview)) surroundings.stderr.write(`${line}\n`);
}
