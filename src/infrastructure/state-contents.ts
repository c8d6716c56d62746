/** What Terraform's state (format 4) holds, by type; never a value of a resource: they hold secrets. */
export type StateContents = {
	/** What Terraform manages, most numerous type first. */
	types: readonly {type: string; count: number}[];
	total: number;
	serial: number;
	/** The output of this name, where it is a short word. */
	uid?: string;
};

/** Longest name of a type that is shown; what is longer came from nobody's provider. */
const maxType = 100;

/** Counts the resources in the text of a state. Undefined for what is no state of format 4. */
export function stateContents(text: string): StateContents | undefined {
	const state = parse(text);
	if (!isObject(state) || state['version'] !== 4 || !Array.isArray(state['resources'])) return undefined;
	const counts = new Map<string, number>();
	for (const resource of state['resources'] as unknown[]) {
		if (!isObject(resource) || resource['mode'] !== 'managed' || !Array.isArray(resource['instances'])) continue;
		const {type} = resource;
		const name = typeof type === 'string' && /^[\w-]+$/.test(type) ? type.slice(0, maxType) : 'unknown';
		if (resource['instances'].length > 0) counts.set(name, (counts.get(name) ?? 0) + resource['instances'].length);
	}
	const types = [...counts].map(([type, count]) => ({type, count}));
	types.sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
	const uid = outputOf(state, 'uid');
	return {
		types,
		total: types.reduce((sum, {count}) => sum + count, 0),
		serial: typeof state['serial'] === 'number' ? state['serial'] : 0,
		...(uid === undefined ? {} : {uid}),
	};
}

/** Keys of what is there of some types that are made with `for_each`, in the text of a state. What was made in part only does not count. */
export function keysInState(text: string, types: readonly string[]): string[] {
	const state = parse(text);
	if (!isObject(state) || !Array.isArray(state['resources'])) return [];
	const keys = (state['resources'] as unknown[]).flatMap(resource => {
		if (!isObject(resource) || resource['mode'] !== 'managed' || !types.includes(String(resource['type']))) return [];
		const instances = Array.isArray(resource['instances']) ? (resource['instances'] as unknown[]) : [];
		return instances.map(instance =>
			isObject(instance) && instance['status'] !== 'tainted' ? instance['index_key'] : undefined,
		);
	});
	return [...new Set(keys.filter(key => typeof key === 'string'))];
}

function outputOf(state: Record<string, unknown>, name: string): string | undefined {
	const outputs = state['outputs'];
	const output = isObject(outputs) ? outputs[name] : undefined;
	const value = isObject(output) ? output['value'] : undefined;
	return typeof value === 'string' && /^[\w-]{1,64}$/.test(value) ? value : undefined;
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined; // Cut off or empty: no state.
	}
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
