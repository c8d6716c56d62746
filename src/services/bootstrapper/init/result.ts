import type {Stop} from '../../supervisor/protocol.ts';
import type {Member} from '../member.ts';
import type {InitResult} from './service.ts';

/**
 * The result of Init until the administrator acknowledged it, at most until the time in the node's state. Then it is erased, in memory
 * and on the disk, and the Init server ends: the init secret opens nothing any more.
 */
export const heldResult = (now: () => number = Date.now) => {
	let held: {result: InitResult; until: number} | undefined;
	let erase: () => Promise<void> = () => Promise.resolve();
	let timer: NodeJS.Timeout | undefined;

	return {
		/** `ended` is called once the result is gone. */
		keep(member: Pick<Member, 'state' | 'save'>, result: InitResult, ended: Stop) {
			const until = member.state().initResult?.until ?? now();
			held = {result, until};
			erase = async () => {
				clearTimeout(timer);
				held = undefined;
				result.kubeconfig.fill(0);
				const state = {...member.state()};
				delete state.initResult;
				await member.save(state);
				// Not awaited: the answer to the acknowledgement goes out over the server that ends.
				void ended();
			};
			timer = setTimeout(
				() => {
					void erase();
				},
				Math.max(0, until - now()),
			).unref();
		},
		/** A copy: what is held is erased while the copy may still be on its way. */
		result(): InitResult | undefined {
			if (held === undefined || held.until <= now()) return undefined;
			const {kubeconfig, clusterId} = held.result;
			return {kubeconfig: Uint8Array.from(kubeconfig), clusterId};
		},
		acknowledge: async (): Promise<void> => {
			if (held !== undefined) await erase();
		},
	};
};
