import type {Machine} from '../../providers/node-groups.ts';
import type {Background} from '../merge.ts';

/**
 * The same events without what is over: JoinServices remember for a while whom they refused, also machines that were removed since. A
 * refusal after `since` (milliseconds since the epoch) is always told, whoever it is about.
 */
export const withoutFormerRefusals = (
	source: Background,
	since: number,
	machines: () => Promise<readonly Pick<Machine, 'name'>[] | undefined>,
): Background =>
	async function* present(signal) {
		for await (const event of source(signal)) {
			const isFormer =
				event.type === 'lane-refused' && event.at < since && !((await machines()) ?? []).some(({name}) => name === event.node);
			if (!isFormer) yield event;
		}
	};
