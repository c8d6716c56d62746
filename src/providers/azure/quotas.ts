import {z} from 'zod';
import {unfit} from '../check.ts';
import type {Arm} from './arm.ts';

const usageSchema = z.object({
	name: z.object({value: z.string(), localizedValue: z.string().nullish()}),
	currentValue: z.number(),
	limit: z.number(),
});

/**
 * What the module makes once for a cluster, by the names of Microsoft.Network (Virtual Network REST API, Usages - List), in lower case.
 * Standard addresses are counted under a newer name in some regions.
 */
export const networkNeeds: ReadonlyMap<string, number> = new Map([
	['virtualnetworks', 1],
	['networksecuritygroups', 1],
	['natgateways', 1],
	['standardskuloadbalancers', 1],
	['standardskupublicipaddresses', 2],
	['ipv4standardskupublicipaddresses', 2],
]);

/** Compares what is needed, by quota in lower case, with what a provider still allows in a region. Gives words; throws Unfit. */
export const quotaRoom = async (
	arm: Arm,
	{path, version, location, remedy}: {path: string; version: string; location: string; remedy: string},
	needs: ReadonlyMap<string, number>,
): Promise<string> => {
	const usages = await arm.list(usageSchema, path, version);
	const told = usages.flatMap(({name: {value, localizedValue}, currentValue, limit}) => {
		const needed = needs.get(value.toLowerCase());
		return needed === undefined ? [] : [{name: localizedValue ?? value, needed, limit, free: Math.max(0, limit - currentValue)}];
	});
	const short = told.filter(({needed, free}) => needed > free);
	if (short.length > 0) {
		throw unfit(
			short.map(({name, needed, limit, free}) => `${needed} of ${name} are needed, ${free} of ${limit} are free.`),
			`Have the quota of ${location} raised (Subscriptions, Usage + quotas), or ${remedy}.`,
		);
	}
	return told.length === 0
		? 'Azure does not say any that is needed'
		: told.map(({name, free}) => `${free} ${name} free`).join(', ');
};
